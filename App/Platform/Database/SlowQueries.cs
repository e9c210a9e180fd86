using Microsoft.Extensions.Logging.Abstractions;

namespace App.Platform.Database;

/// <summary>
/// Statements that took longer than they should, one line each. Npgsql says of every statement how long it took, to a
/// logger at the level of information: this is that logger, and passes on the slow ones. The text of a statement has no values in it.
/// </summary>
internal sealed class SlowQueries : ILoggerFactory, ILogger
{
    private const string Statements = "Npgsql.Command";
    private const int LongestText = 500;

    private Target? target;

    private sealed record Target(ILogger Log, TimeSpan Threshold);

    /// <summary>Begins to tell; nothing is measured before.</summary>
    public void Tell(ILogger log, TimeSpan threshold) => Volatile.Write(ref target, new(log, threshold));

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => categoryName == Statements ? this : NullLogger.Instance;

    /// <inheritdoc/>
    public bool IsEnabled(LogLevel logLevel) => logLevel == LogLevel.Information && Volatile.Read(ref target) is not null;

    /// <inheritdoc/>
    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        if (Volatile.Read(ref target) is not { } told || logLevel != LogLevel.Information
            || state is not IReadOnlyList<KeyValuePair<string, object?>> values) return;
        if (ValueOf(values, "DurationMs") is not long milliseconds || milliseconds < told.Threshold.TotalMilliseconds) return;
        var text = ValueOf(values, "CommandText") as string
            ?? string.Join("; ", ValueOf(values, "BatchCommands") as IEnumerable<object> ?? []);
        text = string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        told.Log.LogWarning("Slow query: {Milliseconds} ms for {Statement}", milliseconds,
            text.Length <= LongestText ? text : text[..LongestText] + "…");
    }

    /// <inheritdoc/>
    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    /// <inheritdoc/>
    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException("It tells one logger.");

    /// <inheritdoc/>
    public void Dispose()
    {
        // Nothing is held.
    }

    private static object? ValueOf(IReadOnlyList<KeyValuePair<string, object?>> values, string name)
    {
        for (var i = 0; i < values.Count; i++)
            if (values[i].Key == name) return values[i].Value;
        return null;
    }
}
