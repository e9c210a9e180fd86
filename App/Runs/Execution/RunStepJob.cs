using System.Diagnostics;
using App.Engines.Jobs;
using App.Platform.Database;
using App.Platform.Observability;
using App.Runs.Handlers;
using App.Runs.Plans;
using Npgsql;

namespace App.Runs.Execution;

/// <summary>
/// Carries out a step: begins an attempt in one transaction, lets the handler work outside of any, and ends the attempt
/// in another, together with the job and everything that follows from it.
/// </summary>
internal sealed class RunStepJob(
    RunStore runs, StepHandlers handlers, RunOptions options, Postgres postgres, NpgsqlDataSource source, TimeProvider time,
    ILogger<RunStepJob> log)
    : IJobHandler<RunStepArgs>
{
    /// <summary>Name of the kind.</summary>
    public const string Kind = "run.step";

    /// <summary>The kind. How long an attempt may take is the step's to say; this only bounds it.</summary>
    public static JobKind Definition { get; } = new()
    {
        Name = Kind,
        Queue = "runs",
        MaxAttempts = 3,
        Timeout = TimeSpan.FromMilliseconds(RunOptions.LongestTimeoutMs) + TimeSpan.FromMinutes(5),
    };

    /// <inheritdoc/>
    public async Task<JobOutcome> RunAsync(RunStepArgs args, JobContext job, CancellationToken ct)
    {
        using var scope = log.BeginScope(new LogScope(("RunId", args.RunId), ("Step", args.Step)));
        if (await BeginAsync(args, job, ct) is not { } step) return JobOutcome.Cancel("The step has moved on without this job.");
        StepOutcome outcome;
        try
        {
            using var activity = RunTrace.Begin(step);
            outcome = await ExecuteAsync(step, ct);
            if (outcome is StepOutcome.Failed or StepOutcome.Retried) activity?.SetStatus(ActivityStatusCode.Error);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            await InterruptAsync(step);
            throw;
        }
        // Begun, so finished: what the handler did must not be lost to a drain. The transaction is short.
        return await EndAsync(step, outcome, job, CancellationToken.None);
    }

    private async Task<BegunStep?> BeginAsync(RunStepArgs args, JobContext job, CancellationToken ct)
    {
        await using var change = await runs.OpenAsync(args.RunId, null, ct);
        if (change is null || await Attempts.BeginAsync(change, args, job.Attempt, postgres.ProcessName, ct) is not { } step) return null;
        await change.CommitLazilyAsync(ct);
        return step;
    }

    private async Task<StepOutcome> ExecuteAsync(BegunStep step, CancellationToken ct)
    {
        if (handlers.Find(step.Handler) is not { } handler)
            return StepOutcome.Retry($"This version has no handler '{step.Handler}'; it has {string.Join(", ", handlers.Names)}.");
        using var timeout = new CancellationTokenSource(TimeSpan.FromMilliseconds(step.TimeoutMs), time);
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(ct, timeout.Token);
        try
        {
            var input = StepInput.Resolved(await StepValues.ResolveAsync(source, step, bounded.Token));
            handler.Validate(input);
            if (input.Faults.Count > 0)
                return StepOutcome.Fail(string.Join(' ', input.Faults.Select(fault => $"{fault.Field} is '{fault.Value}': {fault.Cure}.")));
            return await handler.ExecuteAsync(
                new StepContext(step.Run.Id, step.Run.Organization, step.Name, step.Number, step.HasWaited, input), bounded.Token);
        }
        catch (MissingValueException e)
        {
            return StepOutcome.Fail(e.Message);
        }
        catch (Exception e) when (timeout.IsCancellationRequested && !ct.IsCancellationRequested)
        {
            log.LogDebug(e, "Attempt {Attempt} of step {Step} of run {Run} took too long", step.Number, step.Name, step.Run.Id);
            return StepOutcome.Retry($"The attempt took longer than {step.TimeoutMs} ms (timeoutMs).");
        }
        catch (Exception e) when (!ct.IsCancellationRequested)
        {
            log.LogWarning(e, "Attempt {Attempt} of step {Step} of run {Run} failed: {Error}", step.Number, step.Name,
                step.Run.Id, e.Message);
            return StepOutcome.Retry($"{e.GetType().Name}: {e.Message}");
        }
    }

    private async Task<JobOutcome> EndAsync(BegunStep step, StepOutcome outcome, JobContext job, CancellationToken ct)
    {
        if (outcome is StepOutcome.Succeeded { Output: var output } && StepOutput.Of(output) is { Fault: { } fault })
            outcome = StepOutcome.Fail(fault);
        if (outcome is StepOutcome.Retried last && job.IsLastAttempt) outcome = StepOutcome.Fail(last.Error);

        await using var change = await runs.OpenAsync(step.Run.Id, null, ct);
        if (change is null || !await CloseAsync(change, step, outcome, ct))
            return JobOutcome.Cancel("The attempt was ended by others: the run was cancelled, or the step taken over.");
        if (outcome is StepOutcome.Retried retry)
        {
            var pause = Longer(options.BackoffAfter(job.Attempt, Random.Shared.NextDouble()), retry.After);
            await Attempts.PauseStepAsync(change, step.Name, step.Number, pause, ct);
            await change.CommitAsync(ct);
            return JobOutcome.Retry(retry.Error, pause);
        }
        var settled = await job.CompleteInAsync(change.Connection, change.Transaction, ct);
        await change.CommitAsync(ct);
        return settled;
    }

    private static async Task<bool> CloseAsync(RunChange change, BegunStep step, StepOutcome outcome, CancellationToken ct)
    {
        switch (outcome)
        {
            case StepOutcome.Waits waits:
                return await Attempts.WaitAsync(change, step, waits.Duration, ct);
            case StepOutcome.Retried retry:
                return await Attempts.CloseAsync(change, step.Name, step.Number, RunState.Failed, retry.Error, ct);
            case StepOutcome.Failed failed:
                if (!await Attempts.CloseAsync(change, step.Name, step.Number, RunState.Failed, failed.Error, ct)) return false;
                await Attempts.EndStepAsync(change, step.Name, step.Number, RunState.Failed, null, failed.Error, ct);
                return true;
            case StepOutcome.Succeeded succeeded:
                if (!await Attempts.CloseAsync(change, step.Name, step.Number, RunState.Succeeded, null, ct)) return false;
                await Attempts.EndStepAsync(change, step.Name, step.Number, RunState.Succeeded,
                    StepOutput.Of(succeeded.Output).Json, null, ct);
                return true;
            default:
                throw new InvalidOperationException($"'{outcome.GetType().Name}' is no outcome.");
        }
    }

    // The worker drains or the job was cancelled. The next attempt would say so of this one; said now, it is seen sooner.
    private async Task InterruptAsync(BegunStep step)
    {
        try
        {
            await using var change = await runs.OpenAsync(step.Run.Id, null, CancellationToken.None);
            if (change is null
                || !await Attempts.CloseAsync(change, step.Name, step.Number, RunState.Interrupted, "Its worker was told to stop.",
                    CancellationToken.None)) return;
            await Attempts.PauseStepAsync(change, step.Name, step.Number, TimeSpan.Zero, CancellationToken.None);
            await change.CommitAsync(CancellationToken.None);
        }
        catch (Exception e) when (TransientFault.Is(e))
        {
            log.LogWarning("The interruption of step {Step} of run {Run} could not be noted; its next attempt will: {Error}", step.Name,
                step.Run.Id, e.Message);
        }
    }

    private static TimeSpan Longer(TimeSpan backoff, TimeSpan? asked) => asked > backoff ? asked.Value : backoff;
}
