namespace App.Engines.Background;

/// <summary>The background jobs of this application, by class.</summary>
internal sealed class BackgroundJobTypes(IEnumerable<BackgroundJobType> registered)
{
    private readonly Dictionary<Type, BackgroundJobType> types = registered.ToDictionary(job => job.Type);

    /// <summary>All of them.</summary>
    public IReadOnlyCollection<BackgroundJobType> All => types.Values;

    /// <summary>Whether a call can be run.</summary>
    public bool CanRun(BackgroundCall call) => call.Read() is { } job && types.ContainsKey(job.Type);

    /// <summary>How a class is run; null: not at all.</summary>
    public BackgroundJobType? Find(Type type) => types.GetValueOrDefault(type);
}
