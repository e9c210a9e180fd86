using System.Collections.Concurrent;
using App.Engines.Jobs;
using App.Platform.Database;
using App.Tests.Fixtures;
using Npgsql;

namespace App.Tests.Scenarios;

/// <summary>Adds jobs of <see cref="JobFaultKinds"/>, knows which were accepted, and at the end finds each in its effects.</summary>
internal sealed class JobLedger : IAsyncDisposable
{
    private static readonly string[] Organizations = ["", "a", "b"];

    private const string State = """
        select concat('workers: ', (select string_agg(concat_ws(' ', id, process, lease_expires_at - clock_timestamp()), ', ')
            from job_workers),
            '; jobs: ', (select string_agg(concat_ws(' ', state, worker, suspect, crashes, n), ', ')
                from (select state, worker, suspect, crashes, count(*) as n from jobs group by 1, 2, 3, 4) s),
            '; sessions: ', (select string_agg(concat_ws(' ', application_name, state, wait_event_type, wait_event, left(query, 60)), ', ')
                from pg_stat_activity where datname = current_database() and state <> 'idle'))
        """;

    private readonly Postgres postgres;
    private readonly JobQueue queue;
    private readonly ConcurrentQueue<long> accepted = [];
    private readonly ConcurrentQueue<Exception> refused = [];
    private volatile bool stopped;
    private Task adding = Task.CompletedTask;

    private JobLedger(string pooled, string unpooled)
    {
        postgres = new Postgres(pooled, unpooled, "ledger");
        queue = new JobQueue(postgres, [JobFaultKinds.Once, JobFaultKinds.Again, JobFaultKinds.Poison]);
        // Its looks survive a crash of the database: no connection is kept.
        Look = new Outcome(new NpgsqlConnectionStringBuilder(unpooled) { Pooling = false }.ConnectionString);
    }

    /// <summary>The database as it is.</summary>
    public Outcome Look { get; }

    /// <summary>Enqueues that failed.</summary>
    public int Refused => refused.Count;

    /// <summary>Makes the tables that the jobs write to.</summary>
    /// <param name="pooled">Where jobs are added; may go through a pooler.</param>
    /// <param name="unpooled">Null: the same.</param>
    public static async Task<JobLedger> CreateAsync(string pooled, string? unpooled = null)
    {
        var ledger = new JobLedger(pooled, unpooled ?? pooled);
        await ledger.Look.ExecuteAsync(JobFaultKinds.Tables);
        await ledger.Look.ExecuteAsync("create table orphans (job bigint not null, at timestamptz not null default clock_timestamp())");
        return ledger;
    }

    /// <summary>Adds jobs, and answers their ids.</summary>
    public async Task<long[]> AddAsync(int count, Deed deed, JobKind? kind = null)
    {
        var added = await Task.WhenAll(Enumerable.Range(0, count).Select(n => queue.EnqueueAsync(Job(n, deed, kind), default)));
        foreach (var job in added) accepted.Enqueue(job.Id);
        return [.. added.Select(job => job.Id)];
    }

    /// <summary>Adds jobs without end until it is stopped.</summary>
    public void Begin(Deed deed) => adding = Task.WhenAll(Enumerable.Range(0, 4).Select(async producer =>
    {
        for (var n = producer; !stopped; n++)
        {
            try
            {
                accepted.Enqueue((await queue.EnqueueAsync(Job(n, deed, null), default)).Id);
            }
            catch (Exception e) when (TransientFault.Is(e))
            {
                // Perhaps it was added all the same; what was not accepted may happen once or not at all.
                refused.Enqueue(e);
            }
            await Task.Delay(10);
        }
    }));

    /// <summary>Adds no more.</summary>
    public async Task StopAsync()
    {
        stopped = true;
        await adding;
    }

    /// <summary>Waits until some more effects have been written.</summary>
    public async Task EffectsAsync(int more)
    {
        var goal = await CountAsync("effects") + more;
        var state = "";
        await Poll.UntilAsync($"{more} more effects are there", async () =>
        {
            if (await CountAsync("effects") >= goal) return true;
            state = await Look.TextAsync(State);
            return false;
        }, whatElse: () => state);
    }

    /// <summary>Rows of a table.</summary>
    public async Task<long> CountAsync(string table) =>
        long.Parse(await Look.TextAsync($"select count(*) from {table}"), System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Waits until a worker has something in hand; whenever all else is done before, more is added.</summary>
    public async Task HoldsAsync(JobFaultWorker worker, int count, Deed deed)
    {
        var state = "";
        await Poll.UntilAsync("the worker has something in hand", async () =>
        {
            if (await Look.TextAsync($"select exists ({HeldBy(worker)})") == "True") return true;
            if (await Look.TextAsync("select exists (select from jobs where state = 'queued')") == "False") await AddAsync(count, deed);
            state = await Look.TextAsync(State);
            return false;
        }, whatElse: () => state);
    }

    /// <summary><c>kill -9</c>, noting what it held.</summary>
    public async Task KillAsync(JobFaultWorker worker)
    {
        worker.Kill();
        await worker.ExitAsync();
        await Look.ExecuteAsync($"insert into orphans (job) {HeldBy(worker)}");
    }

    /// <summary>
    /// The longest time from the death of a job's worker to its next beginning, in seconds. Where another death came between, up to that.
    /// </summary>
    public async Task<double> SlowestOrphanAsync() => double.Parse(await Look.TextAsync("""
        select coalesce(max(extract(epoch from next.at - o.at)), 0) from orphans o cross join lateral (
            select min(e.at) as at from (select at from starts where job = o.job union all select at from orphans where job = o.job) e
                where e.at > o.at
        ) next
        """), System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Waits until nothing is left to do, and compares what was accepted with its effects.</summary>
    /// <returns>How many jobs had lost three workers by chance and were redriven.</returns>
    public async Task<int> IsRightAsync(long? poison = null)
    {
        await EndedAsync();
        // What was set aside at its last death is not one that soon runs again.
        await Look.ExecuteAsync(
            "delete from orphans o using jobs j where j.id = o.job and j.state = 'dead' "
            + "and not exists (select from starts s where s.job = o.job and s.at > o.at)");
        var unlucky = int.Parse(
            await Look.TextAsync(
                $"select jobs_redrive(array(select id from jobs where state = 'dead' and crashes = 3 and id <> {poison ?? 0}))"),
                System.Globalization.CultureInfo.InvariantCulture);
        if (unlucky > 0) await EndedAsync();
        Assert.Equal("",
            await Look.TextAsync(
                $"select string_agg(id || ' ' || kind || ' ' || state || ' ' || errors, ', ') from jobs where id <> {poison ?? 0}"));
        var ids = accepted.Where(id => id != poison).ToArray();
        Assert.Equal(ids.Length, ids.Distinct().Count());
        Assert.Equal("",
            await Look.TextAsync(
                $"select string_agg(id::text, ',') from unnest(array[{string.Join(',', ids)}]::bigint[]) as a(id) where (select count(*) "
                + "from job_done d where d.id = a.id) <> 1"));
        Assert.Equal("",
            await Look.TextAsync(
                "select string_agg(d.id || ' ' || n, ',') from job_done d cross join lateral (select count(*) as n from effects e "
                + $"where e.job = d.id) e where kind = '{JobFaultKinds.Once.Name}' and n <> 1"));
        Assert.Equal("",
            await Look.TextAsync(
                "select string_agg(d.id::text, ',') from job_done d where kind like 'fault.%' "
                + "and not exists (select from effects e where e.job = d.id)"));
        Assert.Equal("0",
            await Look.TextAsync("select count(*) from effects e where not exists (select from job_done d where d.id = e.job)"));
        return unlucky;
    }

    /// <summary>Waits until every job has ended, one way or another.</summary>
    public Task EndedAsync()
    {
        var left = "";
        return Poll.UntilAsync("every job has ended", async () => (left = await Look.TextAsync(
            "select string_agg(state || ' ' || n, ', ') from (select state, count(*) as n from jobs where finished_at is null "
            + "group by 1) s")) == "", whatElse: () => left);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await postgres.DisposeAsync();
        await Look.DisposeAsync();
    }

    private static string HeldBy(JobFaultWorker worker) =>
        $"select j.id from jobs j join job_workers w on w.id = j.worker where w.process like '%/{worker.Id}/%'";

    private static NewJob Job(int n, Deed deed, JobKind? kind) =>
        new((kind ?? (n % 2 == 0 ? JobFaultKinds.Once : JobFaultKinds.Again)).Name,
            deed)
        { Organization = Organizations[n % Organizations.Length] };
}
