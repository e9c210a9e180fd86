using App.Tests.Fixtures;
using Npgsql;

namespace App.Tests.Exchange.Messages.Delivering;

/// <summary>
/// What is read for an attempt and written of its end does not grow with the messages that are there, whatever the planner believed when it
/// planned.
/// </summary>
public sealed class MessagePlanTests(TestDatabase database) : IClassFixture<TestDatabase>
{
    private const int Kept = 3000;
    private const int Taken = 100;

    [Theory]
    [InlineData("select count(*) from messages_prefetch(array(select json_build_object('messageId', i, 'drive', 1)::text "
        + "from unnest($1) as t(i)))", Taken)]
    [InlineData("select count(*) from messages_take($1, array_fill(1, array[cardinality($1)]))", Taken)]
    [InlineData("""
        select count(messages_settle($1, array_fill(1, array[n]), array_fill(0, array[n]), array_fill('delivered'::text, array[n]),
            array_fill(null::text, array[n]), array_fill(null::int, array[n]),
            array_fill(null::text, array[n]), array_fill(0::float8, array[n]), array_fill('delivered'::text, array[n]),
                array_fill(null::timestamptz, array[n]), array_fill(null::int, array[n]),
            array_fill(null::text, array[n]), array_fill(null::int, array[n]), array_fill(null::text, array[n]),
                array_fill(null::text, array[n]), array_fill(null::float8, array[n]), 8))
        from (select cardinality($1) as n) x
        """, 1)]
    public async Task Nothing_else_is_read(string statement, int answered)
    {
        await using var connection = new NpgsqlConnection(database.ConnectionString);
        await connection.OpenAsync();
        await ExecuteAsync(connection, "truncate messages cascade; truncate webhook_endpoints cascade");
        foreach (var table in new[] { "messages", "deliveries", "webhook_endpoints", "message_channels" })
            await ExecuteAsync(connection, $"vacuum analyze {table}");
        await using var run = new NpgsqlCommand(statement, connection) { Parameters = { new() { Value = new[] { Guid.NewGuid() } } } };
        await run.ExecuteScalarAsync();

        await ExecuteAsync(connection, $"""
            insert into messages (id, organization, channel, recipient, body) select gen_random_uuid(), 'default', 'webhook',
                'https://example.com/' || i % 10, '{"{}"}' from generate_series(1, {Kept}) i;
            insert into webhook_endpoints (organization, url, failures) select 'default', 'https://example.com/' || i, 1
                from generate_series(1, {Kept}) i;
            """);
        await using var transaction = await connection.BeginTransactionAsync();
        await using var choose = new NpgsqlCommand($"select array(select id from messages limit {Taken})", connection, transaction);
        run.Parameters[0].Value = await choose.ExecuteScalarAsync();
        run.Transaction = transaction;
        var before = await ReadsAsync(connection);
        Assert.Equal((long)answered, await run.ExecuteScalarAsync());
        Assert.InRange(await ReadsAsync(connection) - before, Taken, Taken * 12);
    }

    private static async Task<long> ReadsAsync(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand(
            "select sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::bigint from pg_stat_xact_user_tables "
            + "where relname in ('messages', 'webhook_endpoints')", connection);
        return (long)(await command.ExecuteScalarAsync())!;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
