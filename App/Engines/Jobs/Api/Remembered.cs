using System.Collections.Concurrent;

namespace App.Engines.Jobs.Api;

/// <summary>
/// Answers that many ask for and that cost something: all who ask at once share one, and it is kept for a second, or for
/// twenty times as long as it took. So it takes no more than a twentieth of the database, however many look.
/// </summary>
internal sealed class Remembered<T>(TimeProvider time)
{
    private const int MostKept = 1000;
    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);
    private readonly ConcurrentDictionary<string, Lazy<Task<(T Answer, long Until)>>> answers = new(StringComparer.Ordinal);

    /// <summary>The answer to a question, not older than that.</summary>
    public async Task<T> GetAsync(string question, Func<CancellationToken, Task<T>> ask, CancellationToken ct)
    {
        if (answers.Count > MostKept) answers.Clear();
        while (true)
        {
            // Whoever gives up does not take the answer from the others.
            var asked = answers.GetOrAdd(question, _ => new(() => AskAsync(ask)));
            try
            {
                var (answer, until) = await asked.Value.WaitAsync(ct);
                if (until > time.GetTimestamp()) return answer;
            }
            catch when (!ct.IsCancellationRequested)
            {
                answers.TryRemove(new(question, asked));
                throw;
            }
            answers.TryRemove(new(question, asked));
        }
    }

    private async Task<(T, long)> AskAsync(Func<CancellationToken, Task<T>> ask)
    {
        var began = time.GetTimestamp();
        var answer = await ask(CancellationToken.None);
        var keep = time.GetElapsedTime(began) * 20;
        if (keep < Shortest) keep = Shortest;
        if (keep > Longest) keep = Longest;
        return (answer, time.GetTimestamp() + (long)(keep.TotalSeconds * time.TimestampFrequency));
    }
}
