namespace App.Runs.Execution;

/// <summary>A step as the order of steps sees it.</summary>
/// <param name="Name">Unique in the run.</param>
/// <param name="Status">A status of <see cref="RunState"/>.</param>
/// <param name="DependsOn">What must succeed before it.</param>
/// <param name="ContinueOnError">Whether its failure counts as success for what follows.</param>
internal sealed record StepNode(string Name, string Status, IReadOnlyList<string> DependsOn, bool ContinueOnError);

/// <summary>What follows from the states of a run's steps: which may begin, which never will, and whether all is over.</summary>
/// <param name="Ready">Pending steps whose dependencies have succeeded.</param>
/// <param name="Skipped">Pending steps that depend, directly or through others, on one that has not.</param>
/// <param name="HasEnded">Whether every step has ended, the skipped ones included.</param>
/// <param name="HasFailed">Whether a step has failed that matters.</param>
internal sealed record Progression(IReadOnlyList<string> Ready, IReadOnlyList<string> Skipped, bool HasEnded, bool HasFailed)
{
    /// <summary>Judges the steps of a run.</summary>
    public static Progression Of(IReadOnlyList<StepNode> steps)
    {
        var byName = steps.ToDictionary(step => step.Name);
        var status = steps.ToDictionary(step => step.Name, step => step.Status);
        var skipped = new List<string>();

        // Those that a skipped step holds back are looked at again, so order in the plan does not matter.
        var dependants = steps.SelectMany(step => step.DependsOn.Select(dependency => (dependency, step)))
            .ToLookup(pair => pair.dependency, pair => pair.step);
        var open = new Queue<StepNode>(steps.Where(step => step.Status == RunState.Pending));
        while (open.TryDequeue(out var step))
        {
            if (status[step.Name] != RunState.Pending || !step.DependsOn.Any(IsLost)) continue;
            status[step.Name] = RunState.Skipped;
            skipped.Add(step.Name);
            foreach (var dependant in dependants[step.Name]) open.Enqueue(dependant);
        }

        return new Progression(
            [.. steps.Where(step => status[step.Name] == RunState.Pending && step.DependsOn.All(IsDone)).Select(step => step.Name)],
            skipped,
            status.Values.All(RunState.IsEnded),
            steps.Any(step => step.Status == RunState.Failed && !step.ContinueOnError));

        bool IsDone(string name) => status[name] == RunState.Succeeded || (status[name] == RunState.Failed && byName[name].ContinueOnError);

        bool IsLost(string name) => RunState.IsEnded(status[name]) && !IsDone(name);
    }
}
