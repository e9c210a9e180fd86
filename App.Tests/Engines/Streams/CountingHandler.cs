using System.Text;
using App.Engines.Streams;
using Npgsql;

namespace App.Tests.Engines.Streams;

/// <summary>A group whose effect is a count for each entry that it has handled: once is right, any other number is a fault.</summary>
internal sealed class CountingHandler(string stream, string group = "counting", string? follows = null) : IStreamHandler
{
    public string Stream => stream;

    public string Group => group;

    public string? Follows => follows;

    public int BatchPerShard { get; init; } = 32;

    public bool EffectsAreDerived { get; init; }

    /// <summary>Called with each entry's payload before its effect is made; may throw.</summary>
    public Action<string> Before { get; set; } = _ => { };

    /// <summary>Called with the batch's effects, just before they are committed.</summary>
    public Func<Task> BeforeCommit { get; set; } = () => Task.CompletedTask;

    /// <summary>Payloads in the order in which they were given.</summary>
    public List<string> Seen { get; } = [];

    public async Task<IReadOnlyList<NpgsqlBatchCommand>> HandleAsync(IReadOnlyList<StreamEntry> entries, CancellationToken ct)
    {
        var effects = new List<NpgsqlBatchCommand>();
        foreach (var entry in entries)
        {
            var text = Encoding.UTF8.GetString(entry.Payload);
            Seen.Add(text);
            Before(text);
            effects.Add(
                new("insert into counts (stream, consumer_group, payload, n) values ($1, $2, $3, 1) "
                    + "on conflict (stream, consumer_group, payload) do update set n = counts.n + 1")
                {
                    Parameters = { new() { Value = stream }, new() { Value = group }, new() { Value = text } },
                });
        }
        await BeforeCommit();
        return effects;
    }

    public void Forget(short shard)
    {
    }
}
