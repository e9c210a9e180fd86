using System.Collections;

namespace App.Platform.Observability;

/// <summary>What every line that is logged within it carries: one or two names with values, written only when a line is.</summary>
/// <param name="first">A name and its value.</param>
/// <param name="second">Another.</param>
internal sealed class LogScope((string Name, object Value) first, (string Name, object Value) second)
    : IEnumerable<KeyValuePair<string, object>>
{
    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, object>> GetEnumerator()
    {
        yield return new(first.Name, first.Value);
        yield return new(second.Name, second.Value);
    }

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
