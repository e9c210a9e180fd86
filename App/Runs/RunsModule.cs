using App.Engines.Jobs;
using App.Platform;
using App.Platform.Configuration;
using App.Platform.Leases;
using App.Platform.Observability;
using App.Runs.Execution;
using App.Runs.Handlers;
using App.Runs.Handlers.Llm;
using App.Runs.Plans;
using App.Runs.Upkeep;

namespace App.Runs;

/// <summary>Plans of steps that are carried out as jobs.</summary>
internal sealed class RunsModule : Module
{
    /// <inheritdoc/>
    public override void AddServices(IServiceCollection services, Variables variables)
    {
        services.AddSingleton(RunOptions.Read(variables)).AddSingleton(LlmOptions.Read(variables));

        services.AddSingleton<IStepHandler, HttpRequestStep>();
        services.AddSingleton<IStepHandler, DelayStep>();
        services.AddSingleton<IStepHandler, TransformStep>();
        services.AddSingleton<IStepHandler, HumanApprovalStep>();
        services.AddSingleton<IStepHandler, LlmCompleteStep>().AddSingleton<LlmMeter>();

        services.AddSingleton<StepHandlers>().AddSingleton<PlanParser>();
        services.AddSingleton<RunMetrics>()
            .AddSingleton<RunLog>().AddSingleton<RunSignals>().AddSingleton<RunStore>().AddSingleton<RunActions>();
        services.AddSingleton<RunFigures>().AddSingleton<RunHealth>();
        services.AddSingleton(provider => new HealthPart("runs", provider.GetRequiredService<RunHealth>().CheckAsync));
        services.AddJobKind<RunStepArgs, RunStepJob>(RunStepJob.Definition);
    }

    /// <inheritdoc/>
    public override void AddWorkers(IServiceCollection services)
    {
        services.AddHostedService<RunRescue>();
        services.AddSingleton<RunPruning>().AddSingleton<RunGauges>();
        services.AddSingleton(provider =>
            new Duty("run pruning", TimeSpan.FromMinutes(1), provider.GetRequiredService<RunPruning>().RunOnceAsync));
        services.AddSingleton(provider =>
            new Duty("run gauges", RunGauges.Interval, provider.GetRequiredService<RunGauges>().RunOnceAsync));
    }

    /// <inheritdoc/>
    public override void MapEndpoints(IEndpointRouteBuilder routes)
    {
        RunEndpoints.Map(routes);
        RunEventStream.Map(routes);
    }
}
