using System.Text;
using System.Text.Json;
using App.Platform.Http;
using App.Runs.Handlers;

namespace App.Runs.Plans;

/// <summary>
/// Reads <c>{"plan":{"goal","steps":[…]},"priority"}</c> and finds everything that is wrong with it, before anything is
/// stored: shape, names, handlers and their inputs, dependencies, cycles, references.
/// </summary>
internal sealed class PlanParser(StepHandlers handlers, RunOptions options)
{
    private static readonly string[] OfBody = ["plan", "priority"];
    private static readonly string[] OfPlan = ["goal", "steps"];
    private static readonly string[] OfStep = ["name", "handler", "input", "dependsOn", "timeoutMs", "maxAttempts", "continueOnError"];
    private static readonly JsonElement NoInput = JsonElement.Parse("{}");

    /// <summary>Reads a request's body.</summary>
    /// <param name="body">It, as JSON.</param>
    /// <param name="faults">What is wrong; the plan is null when there is anything.</param>
    public Plan? Parse(JsonElement body, out List<FieldError> faults)
    {
        faults = [];
        var at = new JsonFields(body, "", faults);
        at.Only(OfBody);
        var priority = at.Integer("priority", 0, -PlanLimits.Priority, PlanLimits.Priority);
        if (at.Object("plan") is not { } plan) return null;
        plan.Only(OfPlan);
        var goal = plan.Text("goal", required: false) ?? "";
        if (goal.Length > PlanLimits.Goal || goal.Contains('\0'))
            faults.Add(new FieldError("plan.goal", Problems.Shorten(goal.Replace('\0', ' ')),
                $"use at most {PlanLimits.Goal:N0} characters, none of them NUL"));
        if (plan.List("steps", required: true) is not { } sent) return null;
        if (sent.Count > PlanLimits.Steps)
        {
            faults.Add(new FieldError("plan.steps", $"{sent.Count:N0} steps", $"use at most {PlanLimits.Steps:N0} steps: split the plan"));
            return null;
        }

        var steps = new List<PlanStep>(sent.Count);
        for (var i = 0; i < sent.Count && faults.Count < PlanLimits.Faults; i++)
            if (ParseStep(sent[i], $"plan.steps[{i}]", faults) is { } step) steps.Add(step);
        if (faults.Count == 0) CheckNames(steps, faults);
        if (faults.Count == 0) CheckOrder(steps, faults);
        return faults.Count == 0 ? new Plan(goal, priority, steps) : null;
    }

    private PlanStep? ParseStep(JsonElement sent, string field, List<FieldError> faults)
    {
        var before = faults.Count;
        var at = new JsonFields(sent, field, faults);
        if (sent.ValueKind != JsonValueKind.Object)
        {
            faults.Add(new FieldError(field, JsonFields.Show(sent), "give an object with name and handler"));
            return null;
        }
        at.Only(OfStep);
        var name = at.Text("name", required: true);
        if (name is not null && !PlanLimits.IsName(name)) at.Fault("name", name, "use 1 to 128 of A-Z a-z 0-9 . _ : -");
        var timeout = at.Integer("timeoutMs", options.StepTimeoutMs, 1, RunOptions.LongestTimeoutMs);
        var attempts = at.Integer("maxAttempts", options.MaxAttempts, 1, RunOptions.MostAttempts);
        var continues = at.Flag("continueOnError", false);
        var dependsOn =
            (at.List("dependsOn", required: false) ?? []).Select((item, i) => Dependency(item, $"{field}.dependsOn[{i}]", faults)).ToList();
        var input = at.Object("input", required: false)?.Value ?? NoInput;
        if (Encoding.UTF8.GetByteCount(input.GetRawText()) is var bytes && bytes > PlanLimits.InputBytes)
            at.Fault("input", $"{bytes:N0} bytes",
                $"use at most {PlanLimits.InputBytes:N0} bytes: fetch large data in a step and refer to its output");
        if (at.Text("handler", required: true) is { } handlerName)
        {
            if (handlers.Find(handlerName) is { } handler)
                handler.Validate(new StepInput(input, $"{field}.input", faults, resolved: false));
            else at.Fault("handler", handlerName, $"use one of {string.Join(", ", handlers.Names)}");
            if (faults.Count == before) return new PlanStep(name!, handlerName, input, dependsOn, timeout, attempts, continues);
        }
        return null;
    }

    private static string Dependency(JsonElement item, string field, List<FieldError> faults)
    {
        if (item.ValueKind == JsonValueKind.String) return item.GetString()!;
        faults.Add(new FieldError(field, JsonFields.Show(item), "give the name of a step"));
        return "";
    }

    private static void CheckNames(List<PlanStep> steps, List<FieldError> faults)
    {
        var first = new Dictionary<string, int>();
        for (var i = 0; i < steps.Count; i++)
            if (!first.TryAdd(steps[i].Name, i))
                Add(faults, $"plan.steps[{i}].name", steps[i].Name,
                    $"give it another name: plan.steps[{first[steps[i].Name]}] has this one");
        for (var i = 0; i < steps.Count; i++)
        {
            var seen = new HashSet<string>();
            for (var d = 0; d < steps[i].DependsOn.Count; d++)
            {
                var (field, name) = ($"plan.steps[{i}].dependsOn[{d}]", steps[i].DependsOn[d]);
                if (!first.ContainsKey(name)) Add(faults, field, name, "name a step of this plan");
                else if (!seen.Add(name)) Add(faults, field, name, "name each step once");
            }
        }
        if (steps.Sum(step => step.DependsOn.Count) is var all && all > PlanLimits.Dependencies)
            Add(faults, "plan.steps[].dependsOn", $"{all:N0} dependencies",
                $"use at most {PlanLimits.Dependencies:N0} in all: put a step between that gathers");
    }

    private static void CheckOrder(List<PlanStep> steps, List<FieldError> faults)
    {
        var graph = new PlanGraph(steps.Select(step => (step.Name, step.DependsOn)));
        if (graph.Cycle() is { } cycle)
        {
            var index = steps.FindIndex(step => step.Name == cycle[0]);
            Add(faults, $"plan.steps[{index}].dependsOn", Problems.Shorten(string.Join(" > ", cycle)),
                "remove one of these dependencies: they form a cycle, so none of its steps could begin");
            return;
        }
        var names = steps.Select(step => step.Name).ToHashSet();
        for (var i = 0; i < steps.Count; i++)
        {
            IReadOnlySet<string>? before = null;
            foreach (var (path, text) in Template.TextsOf(steps[i].Input, $"plan.steps[{i}].input"))
            {
                var template = Template.Parse(text, out var fault);
                if (fault is not null) Add(faults, path, text, fault);
                foreach (var name in template.Parts.Select(part => part.Reference?.Step).OfType<string>())
                {
                    if (!names.Contains(name)) Add(faults, path, text, $"name a step of this plan: there is no '{Problems.Shorten(name)}'");
                    else if (!(before ??= graph.Before(steps[i].Name)).Contains(name))
                        Add(faults, path, text,
                            $"add '{name}' to dependsOn: the step may refer only to steps that have ended before it begins");
                }
                if (faults.Count >= PlanLimits.Faults) return;
            }
        }
    }

    private static void Add(List<FieldError> faults, string field, string value, string cure)
    {
        if (faults.Count < PlanLimits.Faults) faults.Add(new FieldError(field, Problems.Shorten(value), cure));
    }
}
