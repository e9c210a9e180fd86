using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using App.Platform.Database;
using App.Platform.Observability;

namespace App.Engines.Schedules;

/// <summary>
/// Brings what this build declares into the table, and keeps versions that run side by side from fighting over it: the
/// set of declarations that was declared last is in force for all, as long as a worker that was built with it lives.
/// So a new version takes effect at its start, an older one that is still there (or is restarted) obeys, and one that
/// is gone back to takes over when the last worker of the newer has ended.
/// </summary>
internal sealed class ScheduleDeclarations(Postgres postgres, ScheduleOptions options, IEnumerable<Schedule> declared,
    ScheduleFiring firing, ILogger<ScheduleDeclarations> log)
{
    private const string SeenSql = """
        with gone as (delete from schedule_workers where expires_at <= clock_timestamp() and process <> $1)
        insert into schedule_workers (process, fingerprint, build, runs_initially, expires_at)
            values ($1, $2, $3, $4, clock_timestamp() + $5)
        on conflict (process) do update set expires_at = excluded.expires_at
        """;

    // The last set that was declared, where it is another than ours and a worker of it lives.
    private const string OtherInForceSql = """
        select exists (
            select from (select fingerprint from schedule_versions order by declared_at desc limit 1) v
            join schedule_workers w using (fingerprint)
            where v.fingerprint <> $1 and w.expires_at > clock_timestamp()
                and exists (select from schedule_versions where fingerprint = $1))
        """;

    private const string EnforceSql = """
        insert into schedule_versions as v (fingerprint, declared_at) values ($1, clock_timestamp())
        on conflict (fingerprint) do update set declared_at = excluded.declared_at
        where v.fingerprint <> (select fingerprint from schedule_versions order by declared_at desc limit 1)
        """;

    private const string DeclareSql = """
        insert into schedules as s (key, cron, time_zone, description, job_kind, job_args, missed, overlap, declared, planned_through)
        select key, cron, time_zone, description, job_kind, job_args, missed, overlap, true, clock_timestamp()
        from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[]) as d(key, cron,
            time_zone, description, job_kind, job_args, missed, overlap)
        order by key
        on conflict (key) do update set cron = excluded.cron, time_zone = excluded.time_zone, description = excluded.description,
            job_kind = excluded.job_kind, job_args = excluded.job_args, missed = excluded.missed, overlap = excluded.overlap,
                declared = true,
            -- What another plan missed is not caught up by this one.
            planned_through = case when s.declared and s.cron = excluded.cron and s.time_zone = excluded.time_zone then s.planned_through
                else excluded.planned_through end
        """;

    private readonly Schedule[] schedules = [.. declared.OrderBy(schedule => schedule.Key, StringComparer.Ordinal)];
    private string? fingerprint;
    private bool started;
    private bool inForce;

    /// <summary>One tick: says that this worker lives, and declares where its set is to be in force.</summary>
    public async Task TickAsync(CancellationToken ct)
    {
        fingerprint ??= Fingerprint();
        await using var transaction = await ShortTransaction.BeginAsync(postgres.Source, ct);
        // One at a time: who comes first decides for those that start with it.
        await using (var turn = transaction.Command("select pg_advisory_xact_lock(8371, 2)")) await turn.ExecuteNonQueryAsync(ct);
        var startsAlone = options.RunInitially && !started && await StartsAloneAsync(transaction, ct);
        await using (var seen = transaction.Command(SeenSql, postgres.ProcessName, fingerprint, Health.Version, options.RunInitially,
            options.Lifetime)) await seen.ExecuteNonQueryAsync(ct);
        await using var question = transaction.Command(OtherInForceSql, fingerprint);
        var enforces = !(bool)(await question.ExecuteScalarAsync(ct))!;
        if (enforces && !inForce) await DeclareAsync(transaction, ct);
        if (startsAlone) await firing.FireInitiallyAsync(transaction, ct);
        await transaction.CommitAsync();
        if (!started || enforces != inForce)
            log.LogInformation(
                enforces ? "Schedules declared: {Count}"
                    : "Schedules are those of a newer version as long as it runs; {Count} of this one wait", schedules.Length);
        (started, inForce) = (true, enforces);
    }

    /// <summary>Says that this worker is gone.</summary>
    public async Task LeaveAsync(CancellationToken ct)
    {
        await using var command = postgres.Source.CreateCommand("delete from schedule_workers where process = $1");
        command.Parameters.Add(new() { Value = postgres.ProcessName });
        await command.ExecuteNonQueryAsync(ct);
    }

    // Whether no worker of this build is there that has run everything at its start; this one may be, if its commit was not confirmed.
    private async Task<bool> StartsAloneAsync(ShortTransaction transaction, CancellationToken ct)
    {
        await using var command = transaction.Command(
            "select not exists (select from schedule_workers where fingerprint = $1 and build = $2 and runs_initially "
            + "and expires_at > clock_timestamp())", fingerprint!, Health.Version);
        return (bool)(await command.ExecuteScalarAsync(ct))!;
    }

    private async Task DeclareAsync(ShortTransaction transaction, CancellationToken ct)
    {
        await using var enforce = transaction.Command(EnforceSql, fingerprint!);
        await enforce.ExecuteNonQueryAsync(ct);
        await using var declare = transaction.Command(DeclareSql,
            Column(schedule => schedule.Key), Column(schedule => schedule.Cron), Column(schedule => schedule.TimeZone),
            Column(schedule => schedule.Description),
            Column(schedule => schedule.Call.Name), Column(schedule => schedule.Call.Payload), Column(schedule => Missed(schedule.Missed)),
            Column(schedule => Overlap(schedule.Overlap)));
        await declare.ExecuteNonQueryAsync(ct);
        await using var drop = transaction.Command("update schedules set declared = false where declared and key <> all ($1::text[])",
            Column(schedule => schedule.Key));
        await drop.ExecuteNonQueryAsync(ct);
    }

    // As an object: an array would be taken for the list of all parameters.
    private object Column(Func<Schedule, string> value) => schedules.Select(value).ToArray();

    private static string Missed(MissedPolicy policy) => policy == MissedPolicy.Skip ? "skip" : "catchUpOnce";

    private static string Overlap(OverlapPolicy policy) => policy == OverlapPolicy.Queue ? "queue" : "skip";

    private string Fingerprint()
    {
        var text =
            JsonSerializer.Serialize(
                schedules.Select(s =>
                    new[] { s.Key, s.Cron, s.TimeZone, s.Description, s.Call.Name, s.Call.Payload, Missed(s.Missed), Overlap(s.Overlap) }));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
    }
}
