using System.Collections.Concurrent;
using App.Engines.Jobs;
using App.Tests.Fixtures;
using Npgsql;

namespace App.Tests.Engines.Jobs;

/// <summary>How workers learn of jobs: an announcement for many that are added at the same time, and looking again for the rest.</summary>
public sealed class JobAnnounceTests
{
    private const string AddSql = """
        perform jobs_enqueue(array['default'], array['errand'], array[''], array[0::smallint], array[0::float8], array[3],
            array['{"name":"added"}'], array[null::text], array[null::float8], array[null::text], array[null::text]);
        """;

    // What its own announcement would be is said by the one that came before it.
    private const string HushSql = "perform setval(" + Sequence
        + ", ((extract(epoch from clock_timestamp()) * 1000)::bigint << 10) | (hashtext('default') & 1023));";

    private const string Sequence = "('jobs_announced_' || (hashtext('default') & 7))::regclass";

    [Fact]
    public async Task Jobs_that_are_added_within_milliseconds_of_each_other_are_announced_once()
    {
        await using var bench = await JobBench.CreateAsync();
        var heard = await HeardAsync(bench, $$"""
            do $$ declare began timestamptz; begin
                perform setval({{Sequence}}, 1);
                began := clock_timestamp();
                for i in 1 .. 300 loop {{AddSql}} commit; end loop;
                create table took as select extract(epoch from clock_timestamp() - began) * 1000 as ms;
            end $$
            """);
        // By the clock that they go by: one every 5 ms, and the first.
        var most = 1 + (double.Parse(await bench.TextAsync("select ms from took")) / 5);
        Assert.InRange(heard, 1, (int)Math.Ceiling(most));
    }

    [Fact]
    public async Task A_clock_that_was_set_back_silences_nobody()
    {
        await using var bench = await JobBench.CreateAsync();
        await bench.ExecuteAsync(
            $"select setval({Sequence}, ((extract(epoch from clock_timestamp() + interval '1 hour') * 1000)::bigint << 10) | "
            + "(hashtext('default') & 1023))");
        Assert.Equal(1, await HeardAsync(bench, $"do $$ begin {AddSql} end $$"));
        Assert.Equal("0",
            await bench.TextAsync(
                $"select count(*) from (select pg_sequence_last_value({Sequence}) >> 10 as ms) s where s.ms > extract(epoch "
                + "from clock_timestamp()) * 1000"));
    }

    [Fact]
    public async Task What_is_committed_just_after_the_look_of_another_s_announcement_is_found_by_looking_again()
    {
        await using var bench = await JobBench.CreateAsync();
        await bench.StartAsync(JobBench.Options with { Poll = TimeSpan.FromHours(1), Tick = TimeSpan.FromHours(1) });
        // A worker looks again for some fifty milliseconds: on a busy machine the second may come later than that, and then waits for the
        // next.
        for (var attempt = 1; ; attempt++)
        {
            await bench.ExecuteAsync($"do $$ begin perform setval({Sequence}, 1); {AddSql} commit; {HushSql} {AddSql} end $$");
            var all = (attempt * 2).ToString();
            try
            {
                await Poll.UntilAsync("both are done", async () => await bench.TextAsync("select count(*) from job_done") == all,
                    seconds: 1);
                return;
            }
            catch (Xunit.Sdk.XunitException) when (attempt < 20)
            {
                await bench.ExecuteAsync("notify tandem_jobs");
                await bench.UntilAsync("select count(*) from job_done", all);
            }
        }
    }

    [Fact]
    public void After_little_it_pauses_and_after_nothing_it_looks_again_ever_later()
    {
        var pace = new ClaimPace(TimeSpan.FromSeconds(1));
        Assert.Equal(TimeSpan.Zero, pace.Found(16, 100));
        Assert.Equal(TimeSpan.Zero, pace.Found(3, 3));
        Assert.Equal(3, pace.Found(2, 3).TotalMilliseconds);
        Assert.Equal([3, 12, 48, 1000, 1000], Enumerable.Range(0, 5).Select(_ => pace.FoundNone().TotalMilliseconds));
        pace.Announced();
        Assert.Equal(3, pace.FoundNone().TotalMilliseconds);
        Assert.Equal(2, new ClaimPace(TimeSpan.FromMilliseconds(2)).FoundNone().TotalMilliseconds);
    }

    // Announcements by all that a statement commits.
    private static async Task<int> HeardAsync(JobBench bench, string sql)
    {
        await using var connection = new NpgsqlConnection(bench.ConnectionString);
        await connection.OpenAsync();
        var said = new ConcurrentQueue<string>();
        connection.Notification += (_, notification) => said.Enqueue(notification.Payload);
        await using (var listen = new NpgsqlCommand("listen tandem_jobs", connection)) await listen.ExecuteNonQueryAsync();
        await bench.ExecuteAsync(sql);
        await bench.ExecuteAsync("notify tandem_jobs, 'all'");
        while (!said.Contains("all")) await connection.WaitAsync();
        return said.Count - 1;
    }
}
