using System.Text.Json;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace App.Engines.Jobs;

/// <summary>Registers kinds of jobs.</summary>
internal static class JobRegistration
{
    /// <summary>How arguments and results are written: camelCase, as everything else is.</summary>
    public static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    /// <summary>Gives the jobs of a queue places of their own in this process. Call it where workers are added.</summary>
    public static IServiceCollection AddJobPool(this IServiceCollection services, string queue, Func<IServiceProvider, JobPool> pool)
    {
        services.AddSingleton(pool);
        // Not by type: a process has a worker for each pool.
        return services.AddSingleton<IHostedService>(provider =>
            JobWorker.Of(provider, provider.GetServices<JobPool>().Single(one => one.Queue == queue)));
    }

    /// <summary>
    /// Adds a kind and the class that does its work; one instance of it per attempt, from a scope of its own, unless it is registered
    /// otherwise.
    /// </summary>
    public static IServiceCollection AddJobKind<TArgs, THandler>(this IServiceCollection services, JobKind kind)
        where THandler : class, IJobHandler<TArgs>
    {
        services.TryAddScoped<THandler>();
        return services.AddSingleton(kind with { ArgsType = typeof(TArgs), Run = RunAsync });

        static async Task<JobOutcome> RunAsync(IServiceProvider provider, string args, JobContext job, CancellationToken ct)
        {
            TArgs parsed;
            try
            {
                parsed = JsonSerializer.Deserialize<TArgs>(args, Json) ?? throw new JsonException("The arguments are null.");
            }
            catch (JsonException e)
            {
                return JobOutcome.Dead($"The arguments do not fit kind '{job.Kind}': {e.Message}");
            }
            await using var scope = provider.CreateAsyncScope();
            return await scope.ServiceProvider.GetRequiredService<THandler>().RunAsync(parsed, job, ct);
        }
    }
}
