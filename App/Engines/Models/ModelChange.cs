using Npgsql;
using NpgsqlTypes;

namespace App.Engines.Models;

/// <summary>One transaction on the versions of one name. Not committed, it changes nothing.</summary>
internal sealed class ModelChange : IAsyncDisposable
{
    private const string AddSql = $"""
        insert into model_versions (name, version, sha256, spec, artifact, artifact_url, state)
        select $1, coalesce(max(version), 0) + 1, $2, $3, $4, $5, 'candidate' from model_versions where name = $1
        returning {ModelRegistry.Columns}
        """;

    private readonly string name;
    private readonly NpgsqlConnection connection;
    private readonly NpgsqlTransaction transaction;

    private ModelChange(string name, NpgsqlConnection connection, NpgsqlTransaction transaction) =>
        (this.name, this.connection, this.transaction) = (name, connection, transaction);

    /// <summary>Opens it, once nobody else changes the name.</summary>
    public static async Task<ModelChange> BeginAsync(NpgsqlDataSource source, string name, CancellationToken ct)
    {
        var opened = await source.OpenConnectionAsync(ct);
        try
        {
            var change = new ModelChange(name, opened, await opened.BeginTransactionAsync(ct));
            // Held to the end of the transaction, so it works behind a transaction pooler as well.
            await change.ExecuteAsync("select pg_advisory_xact_lock(hashtextextended('model:' || $1, 0))", name, ct);
            return change;
        }
        catch
        {
            await opened.DisposeAsync();
            throw;
        }
    }

    /// <summary>Every version of the name, oldest first.</summary>
    public async Task<IReadOnlyList<ModelVersion>> VersionsAsync(CancellationToken ct)
    {
        await using var command = new NpgsqlCommand($"select {ModelRegistry.Columns} from model_versions where name = $1 order by version",
            connection, transaction);
        command.Parameters.Add(new() { Value = name });
        return await ModelRegistry.ReadAsync(command, ct);
    }

    /// <inheritdoc cref="ModelRegistry.AddAsync"/>
    public async Task<ModelVersion> AddAsync(ModelSpec spec, string sha256, byte[]? artifact, string? artifactUrl, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(AddSql, connection, transaction);
        command.Parameters.Add(new() { Value = name });
        command.Parameters.Add(new() { Value = sha256 });
        command.Parameters.Add(new() { Value = spec.ToJson(), NpgsqlDbType = NpgsqlDbType.Jsonb });
        command.Parameters.Add(new() { Value = (object?)artifact ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Bytea });
        command.Parameters.Add(new() { Value = (object?)artifactUrl ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
        return (await ModelRegistry.ReadAsync(command, ct)).Single();
    }

    /// <summary>Retires the active version and activates another, unless that is the active one.</summary>
    public async Task ActivateAsync(int id, CancellationToken ct)
    {
        await ExecuteAsync(
            "update model_versions set state = 'retired' where state = 'active' "
            + "and name = (select name from model_versions where id = $1) and id <> $1", id, ct);
        await ExecuteAsync("update model_versions set state = 'active', activated_at = now() where id = $1 and state <> 'active'", id, ct);
        // What ran beside the version that served until now has said what it had to say.
        await ExecuteAsync(
            "update model_shadows set ended_at = now() where ended_at is null and name = (select name from model_versions where id = $1 "
            + "and activated_at = now())", id, ct);
        await TellAsync(ct);
    }

    /// <summary>Runs a candidate beside the active version, in place of any other; the same pair goes on as it is.</summary>
    public async Task StartShadowAsync(int candidate, CancellationToken ct)
    {
        await ExecuteAsync("""
            update model_shadows set ended_at = now()
            where ended_at is null and name = (select name from model_versions where id = $1)
              and (candidate_id <> $1 or active_id not in (select id from model_versions where state = 'active'))
            """, candidate, ct);
        await ExecuteAsync("""
            insert into model_shadows (name, candidate_id, active_id)
            select c.name, c.id, a.id from model_versions c join model_versions a on a.name = c.name and a.state = 'active' and a.id <> c.id
                where c.id = $1
            on conflict (name) where ended_at is null do nothing
            """, candidate, ct);
        await TellAsync(ct);
    }

    /// <summary>Ends a candidate's run beside the active version.</summary>
    public async Task EndShadowAsync(int candidate, CancellationToken ct)
    {
        await ExecuteAsync("update model_shadows set ended_at = now() where ended_at is null and candidate_id = $1", candidate, ct);
        await TellAsync(ct);
    }

    /// <summary>Makes it so.</summary>
    public Task CommitAsync(CancellationToken ct) => transaction.CommitAsync(ct);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await transaction.DisposeAsync();
        await connection.DisposeAsync();
    }

    private Task TellAsync(CancellationToken ct) => ExecuteAsync($"select pg_notify('{ModelRegistry.Channel}', $1)", name, ct);

    private async Task ExecuteAsync(string sql, object value, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection, transaction);
        command.Parameters.Add(new() { Value = value });
        await command.ExecuteNonQueryAsync(ct);
    }
}
