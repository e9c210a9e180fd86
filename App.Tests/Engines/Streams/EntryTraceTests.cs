using App.Tests.Fixtures;

namespace App.Tests.Engines.Streams;

/// <summary>Entries carry the traces in which they were appended.</summary>
public sealed class EntryTraceTests(StreamBench bench) : IClassFixture<StreamBench>
{
    [Fact]
    public async Task A_batch_goes_on_in_the_trace_of_its_first_entry_and_is_linked_to_the_others()
    {
        var stream = await bench.StreamAsync(1);
        using var first = new TestTrace();
        using var second = new TestTrace();
        await AppendAsync(stream, first);
        await AppendAsync(stream, second);
        await bench.AppendAsync(stream, (0, "untraced"));
        Assert.Equal(2, int.Parse(await bench.TextAsync($"select count(traceparent) from stream_entries where stream = '{stream}'"), null));

        await using var member = new StreamMember(bench.ConnectionString, "m", _ => new CountingHandler(stream));
        await member.Leases.TickAsync(default);
        Assert.Equal(3, await member.DrainAsync());

        var batch = Assert.Single(first.Ended, one => one.Source.Name == "Tandem.Streams");
        Assert.Equal(second.Id, Assert.Single(batch.Links).Context.TraceId.ToString());
        Assert.DoesNotContain(second.Ended, one => one.Source.Name == "Tandem.Streams");
    }

    private async Task AppendAsync(string stream, TestTrace trace)
    {
        using var activity = trace.Begin();
        await bench.AppendAsync(stream, (0, trace.Id));
    }
}
