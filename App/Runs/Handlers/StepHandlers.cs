namespace App.Runs.Handlers;

/// <summary>The handlers that are registered, by name.</summary>
internal sealed class StepHandlers(IEnumerable<IStepHandler> handlers)
{
    private readonly Dictionary<string, IStepHandler> byName = handlers.ToDictionary(handler => handler.Name);

    /// <summary>Their names, in order.</summary>
    public IReadOnlyList<string> Names { get; } = [.. handlers.Select(handler => handler.Name).Order(StringComparer.Ordinal)];

    /// <summary>A handler, or null.</summary>
    public IStepHandler? Find(string name) => byName.GetValueOrDefault(name);
}
