using System.Diagnostics;
using System.Threading.Channels;
using App.Engines.Streams;
using App.Platform.Database;
using App.Platform.Observability;
using Npgsql;

namespace App.Energy.Readings.Ingest;

/// <summary>What became of a request's readings.</summary>
/// <param name="Accepted">Items of the request.</param>
/// <param name="Stored">Those that were new or changed a stored one.</param>
internal readonly record struct Ingested(int Accepted, int Stored);

/// <summary>
/// Stores the readings of all requests that are waiting in one commit (group commit): while one group is being made
/// durable, the next gathers. A request is answered when its group is committed.
/// </summary>
internal sealed class GroupCommit(
    Postgres postgres, SeriesResolver resolver, ReadingStore store, StreamOptions options, Notifications notifications,
    StreamPartitions partitions, IngestMetrics metrics, TimeProvider time, ILogger<GroupCommit> log)
    : BackgroundService
{
    private const int MostInGroup = 50_000;
    private const int MostWaiting = 400_000;

    // How long a group may wait for callers who were answered just now and are likely to ask again.
    private static readonly TimeSpan Regathering = TimeSpan.FromMilliseconds(1);

    // A process that is paused while it holds the locks of its shards must not keep the others from appending.
    private const string BoundedSql = "set local idle_in_transaction_session_timeout = '5s'";

    private readonly Channel<Request> requests = Channel.CreateUnbounded<Request>(new() { SingleReader = true });
    private readonly Dictionary<short, ShardTails> shards = [];
    private NpgsqlConnection? connection;
    private TaskCompletionSource? full;
    private int waiting;
    private int queued;
    private int awaited;

    internal sealed class Request(ReadingBatch batch)
    {
        public ReadingBatch Batch { get; } = batch;
        public TaskCompletionSource<Ingested> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
        public int Stored { get; set; }
        public string? Traceparent { get; } = TraceContext.Current;
    }

    /// <summary>Whether readings wait for longer than they should: callers should be told to come back.</summary>
    public bool IsFull => Waiting > MostWaiting;

    /// <summary>Readings that are not yet durable.</summary>
    public int Waiting => Volatile.Read(ref waiting);

    /// <summary>Stores a batch without faults; done when it is durable.</summary>
    /// <exception cref="TimeoutException">The process is stopping.</exception>
    public Task<Ingested> AppendAsync(ReadingBatch batch)
    {
        var request = new Request(batch);
        Interlocked.Add(ref waiting, batch.Items.Count);
        if (Interlocked.Increment(ref queued) >= Volatile.Read(ref awaited)) Volatile.Read(ref full)?.TrySetResult();
        if (!requests.Writer.TryWrite(request)) Fail(request, new TimeoutException("The process is stopping."));
        return request.Done.Task;
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        var prepared = false;
        while (true)
        {
            try
            {
                if (!prepared) await PrepareAsync(stoppingToken);
                prepared = true;
                // Not asked to wait once stopping, for a cancelled wait fails even while requests are there.
                if (!requests.Reader.TryPeek(out _)) await requests.Reader.WaitToReadAsync(stoppingToken);
            }
            catch (OperationCanceledException)
            {
                break;
            }
            catch (Exception e)
            {
                log.LogWarning(TransientFault.Is(e) ? null : e, "Waiting for the database before taking readings: {Error}", e.Message);
                foreach (var request in Gather()) Fail(request, e);
                await Task.Delay(TimeSpan.FromMilliseconds(500), CancellationToken.None);
                continue;
            }
            await RegatherAsync();
            var group = Gather();
            await CommitGroupAsync(group);
            awaited = group.Count + Volatile.Read(ref queued);
        }
        requests.Writer.Complete();
        foreach (var request in Gather()) Fail(request, new TimeoutException("The process is stopping."));
        if (connection is not null) await connection.DisposeAsync();
    }

    private async Task PrepareAsync(CancellationToken ct)
    {
        await StreamAppender.EnsureShardsAsync(postgres.Source, ReadingStore.Stream, options.Shards, ct);
        await partitions.CreateAheadAsync(ct);
    }

    // Callers who post again as soon as they are answered would otherwise split into two groups that take turns, at
    // twice the commits. A lone caller is never kept waiting.
    private async Task RegatherAsync()
    {
        if (awaited < 2) return;
        var gathered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Volatile.Write(ref full, gathered);
        if (Volatile.Read(ref queued) < awaited)
            await gathered.Task.WaitAsync(Regathering, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Volatile.Write(ref full, null);
    }

    private List<Request> Gather()
    {
        var group = new List<Request>();
        var readings = 0;
        while (readings < MostInGroup && requests.Reader.TryRead(out var request))
        {
            group.Add(request);
            readings += request.Batch.Items.Count;
        }
        Interlocked.Add(ref queued, -group.Count);
        return group;
    }

    private async Task CommitGroupAsync(List<Request> group)
    {
        var started = Stopwatch.GetTimestamp();
        using var activity = IngestTrace.Begin(group);
        try
        {
            await CommitAsync(group);
            metrics.Committed(Stopwatch.GetElapsedTime(started).TotalSeconds);
            foreach (var request in group) Complete(request);
        }
        catch (Exception e)
        {
            log.LogWarning(TransientFault.Is(e) ? null : e, "A group of {Count} requests could not be stored: {Error}",
                group.Count, e.Message);
            // What was committed, if anything, is read again before the next judgement.
            foreach (var tails in shards.Values) tails.Reset();
            if (connection is not null) await connection.DisposeAsync();
            connection = null;
            foreach (var request in group) Fail(request, e);
        }
    }

    private async Task CommitAsync(List<Request> group)
    {
        var unknown = group.SelectMany(request => request.Batch.NewSeries).Where(series => series.MeterKey == 0).ToList();
        if (unknown.Count > 0) await resolver.ResolveAsync(unknown, CancellationToken.None);
        try
        {
            await AppendBehindKnownHeadsAsync(new GroupAppend(group));
        }
        catch (PostgresException e) when (e.SqlState == StreamAppender.HeadMoved)
        {
            // Another process appends to the same shards: judge again, this time under their locks.
            var again = new GroupAppend(group);
            foreach (var shard in again.Shards) shards[shard].Doubt(again.MetersOf(shard));
            foreach (var request in group) request.Stored = 0;
            await AppendUnderLockAsync(again);
        }
    }

    // One round trip: right whenever this process was the last to append, as it is where one web process takes the readings.
    private async Task AppendBehindKnownHeadsAsync(GroupAppend append)
    {
        await KnowAsync(append);
        var heads = append.Shards.ToDictionary(shard => shard, shard => shards[shard].Head);
        await JudgeAsync(append);
        await using var batch = new NpgsqlBatch(await ConnectAsync());
        // Even where nothing is new: another process may have replaced what was judged the same.
        var entries = AddEffects(batch, append, heads);
        await batch.ExecuteNonQueryAsync();
        Advance(append, heads, entries);
    }

    private async Task AppendUnderLockAsync(GroupAppend append)
    {
        await KnowAsync(append);
        var heads = new Dictionary<short, long>();
        var conn = await ConnectAsync();
        await using (var locking =
            new NpgsqlBatch(
                conn)
            { BatchCommands = { new("begin"), new(BoundedSql), StreamAppender.Lock(ReadingStore.Stream, append.Shards) } })
        await using (var reader = await locking.ExecuteReaderAsync())
            while (await reader.ReadAsync()) heads[reader.GetInt16(0)] = reader.GetInt64(1);
        foreach (var shard in append.Shards) await shards[shard].CatchUpAsync(postgres.Source, heads[shard], CancellationToken.None);
        await JudgeAsync(append);
        await using var batch = new NpgsqlBatch(conn);
        var entries = AddEffects(batch, append, heads);
        batch.BatchCommands.Add(new("commit"));
        await batch.ExecuteNonQueryAsync();
        Advance(append, heads, entries);
    }

    private async Task JudgeAsync(GroupAppend append)
    {
        append.Judge(shards);
        if (append.Doubtful.Count > 0) append.Settle(await store.LoadAsync(append.Doubtful, null, CancellationToken.None));
    }

    private static int AddEffects(NpgsqlBatch batch, GroupAppend append, Dictionary<short, long> heads)
    {
        var entries = append.Pack();
        if (append.NetNegative.Count > 0)
            batch.BatchCommands.Add(new("update meters set net_negative = true where key = any($1)")
            {
                Parameters = { new() { Value = append.NetNegative.Select(series => series.MeterKey).ToArray() } },
            });
        if (TraceContext.Current is { } traceparent) batch.BatchCommands.Add(StreamTrace.Carry(traceparent));
        batch.BatchCommands.Add(StreamAppender.Append(ReadingStore.Stream, entries, heads));
        return entries.Count;
    }

    private void Advance(GroupAppend append, Dictionary<short, long> heads, int entries)
    {
        foreach (var (shard, head) in heads) shards[shard].Advance(head);
        foreach (var series in append.NetNegative) series.NetNegative = true;
        if (entries > 0) notifications.Pulse(StreamAppender.Channel);
    }

    // Every meter of the group gets a tail: first the shard's recent entries, then, for meters not among them, their newest stored reading.
    private async Task KnowAsync(GroupAppend append)
    {
        var missing = new List<(short Shard, int Meter)>();
        foreach (var shard in append.Shards)
        {
            if (!shards.TryGetValue(shard, out var tails)) shards[shard] = tails = new ShardTails(shard);
            tails.Trim();
            if (!tails.IsLoaded) await tails.CatchUpAsync(postgres.Source, null, CancellationToken.None);
            missing.AddRange(append.MetersOf(shard).Where(meter => !tails.Has(meter)).Select(meter => (shard, meter)));
        }
        if (missing.Count == 0) return;
        await using var command = postgres.Source.CreateCommand("select key, last_reading_at from meters where key = any($1)");
        command.Parameters.Add(new() { Value = missing.ConvertAll(m => m.Meter).ToArray() });
        await using var reader = await command.ExecuteReaderAsync();
        var newest = new Dictionary<int, long>();
        while (await reader.ReadAsync())
            newest[reader.GetInt32(0)] = reader.IsDBNull(1) ? long.MinValue : ReadingStore.Ts(reader.GetDateTime(1));
        foreach (var (shard, meter) in missing) shards[shard].Begin(meter, newest[meter]);
    }

    private async ValueTask<NpgsqlConnection> ConnectAsync()
    {
        if (connection is { FullState: System.Data.ConnectionState.Open }) return connection;
        if (connection is not null) await connection.DisposeAsync();
        return connection = await postgres.Source.OpenConnectionAsync();
    }

    private void Complete(Request request)
    {
        var count = request.Batch.Items.Count;
        Interlocked.Add(ref waiting, -count);
        metrics.Acknowledged(count, request.Stored);
        request.Done.SetResult(new Ingested(count, request.Stored));
    }

    private void Fail(Request request, Exception e)
    {
        Interlocked.Add(ref waiting, -request.Batch.Items.Count);
        request.Done.SetException(e);
    }
}
