namespace App.Runs.Plans;

/// <summary>What depends on what in a plan whose names are unique and known.</summary>
internal sealed class PlanGraph
{
    private readonly Dictionary<string, IReadOnlyList<string>> dependencies;

    /// <summary>Takes each step with its dependencies.</summary>
    public PlanGraph(IEnumerable<(string Name, IReadOnlyList<string> DependsOn)> steps) =>
        dependencies = steps.ToDictionary(step => step.Name, step => step.DependsOn);

    /// <summary>A cycle, its first step at both ends; null when there is none.</summary>
    public IReadOnlyList<string>? Cycle()
    {
        // Without recursion: a chain of a thousand steps must not cost a thousand frames.
        var done = new HashSet<string>();
        foreach (var start in dependencies.Keys)
        {
            var path = new List<string>();
            var onPath = new HashSet<string>();
            var rest = new Stack<IEnumerator<string>>();
            Enter(start);
            while (rest.TryPeek(out var children))
            {
                if (!children.MoveNext())
                {
                    rest.Pop();
                    done.Add(path[^1]);
                    onPath.Remove(path[^1]);
                    path.RemoveAt(path.Count - 1);
                    continue;
                }
                if (onPath.Contains(children.Current)) return [.. path[path.IndexOf(children.Current)..], children.Current];
                Enter(children.Current);
            }

            void Enter(string name)
            {
                if (done.Contains(name)) return;
                path.Add(name);
                onPath.Add(name);
                rest.Push(dependencies[name].GetEnumerator());
            }
        }
        return null;
    }

    /// <summary>The steps that are before one, directly or through others. The plan has no cycle.</summary>
    public IReadOnlySet<string> Before(string step)
    {
        var before = new HashSet<string>();
        var open = new Stack<string>(dependencies[step]);
        while (open.TryPop(out var name))
            if (before.Add(name))
                foreach (var further in dependencies[name]) open.Push(further);
        return before;
    }
}
