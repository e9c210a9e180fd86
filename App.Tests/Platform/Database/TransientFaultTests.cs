using System.Net;
using System.Net.Sockets;
using System.Text;
using App.Platform.Database;
using App.Tests.Fixtures;
using Npgsql;

namespace App.Tests.Platform.Database;

/// <summary>What a real PostgreSQL says when it refuses a session passes; what it says of a statement does not.</summary>
public sealed class TransientFaultTests : IAsyncLifetime
{
    private readonly string role = $"refused_{Guid.NewGuid():N}";
    private TestDatabase database = null!;
    private string name = "";

    public async Task InitializeAsync()
    {
        database = await TestDatabase.CreateAsync();
        name = new NpgsqlConnectionStringBuilder(database.ConnectionString).Database!;
        await AdministerAsync($"create role {role} login password 'right'");
    }

    public async Task DisposeAsync()
    {
        await database.DisposeAsync();
        await AdministerAsync($"drop role {role}");
    }

    [Theory]
    [InlineData("alter role {0} nologin", "28000", "alter role {0} login")]
    [InlineData("alter role {0} password 'another'", "28P01", "alter role {0} password 'right'")]
    [InlineData("alter role {0} connection limit 0", "53300", "alter role {0} connection limit -1")]
    [InlineData("alter database {1} allow_connections false", "55000", "alter database {1} allow_connections true")]
    [InlineData("alter database {1} rename to gone_{0}", "3D000", "alter database gone_{0} rename to {1}")]
    [InlineData("revoke connect on database {1} from public", "42501", "grant connect on database {1} to public")]
    public async Task A_refused_session_may_be_let_in_later(string refuse, string state, string mend)
    {
        await OpenAsync();
        await AdministerAsync(Of(refuse));
        var refused = await Assert.ThrowsAsync<PostgresException>(OpenAsync);
        Assert.Equal(state, refused.SqlState);
        Assert.True(TransientFault.Is(refused), refused.ToString());
        Assert.True(
            TransientFault.IsOfDatabase(new InvalidOperationException(
                "An exception has been raised that is likely due to a transient failure.", refused)));
        await AdministerAsync(Of(mend));
        await OpenAsync();
    }

    [Theory]
    [InlineData("select * from no_such_table", "42P01")]
    [InlineData("select * from api_keys", "42501")]
    [InlineData("set role postgres_or_who_else", "22023")]
    [InlineData("select 1 / 0", "22012")]
    public async Task A_refused_statement_is_refused_again(string sql, string state)
    {
        await using var connection = new NpgsqlConnection(ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        var refused = await Assert.ThrowsAsync<PostgresException>(() => command.ExecuteNonQueryAsync());
        Assert.Equal(state, refused.SqlState);
        Assert.False(TransientFault.Is(refused), refused.ToString());
    }

    // PgBouncer does not send the severity a second time, untranslated, as PostgreSQL does.
    [Fact]
    public async Task What_a_pooler_says_of_a_database_that_refuses_it_passes_too()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var answering = AnswerAsync(listener, "SFATAL\0C08P01\0Mserver login has been failing, try again later (server_login_retry)\0\0");
        var pooler = (IPEndPoint)listener.LocalEndpoint;
        await using var connection =
            new NpgsqlConnection(
                $"Host=127.0.0.1;Port={pooler.Port};Username=u;Password=p;Database=d;SslMode=Disable;"
                + "GssEncryptionMode=Disable;Pooling=false");
        var refused = await Assert.ThrowsAsync<PostgresException>(() => connection.OpenAsync());
        await answering;
        Assert.True(TransientFault.Is(refused), refused.ToString());
    }

    private static async Task AnswerAsync(TcpListener listener, string fields)
    {
        using var client = await listener.AcceptTcpClientAsync();
        await using var stream = client.GetStream();
        Assert.NotEqual(0, await stream.ReadAsync(new byte[1024]));
        var length = fields.Length + sizeof(int);
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"E\0\0\0{(char)length}{fields}"));
    }

    private string ConnectionString =>
        new NpgsqlConnectionStringBuilder(database.ConnectionString)
        {
            Username = role,
            Password = "right",
            Pooling = false
        }.ConnectionString;

    private string Of(string statement) => string.Format(System.Globalization.CultureInfo.InvariantCulture, statement, role, name);

    private async Task OpenAsync()
    {
        await using var connection = new NpgsqlConnection(ConnectionString);
        await connection.OpenAsync();
    }

    private async Task AdministerAsync(string statement)
    {
        await using var connection =
            new NpgsqlConnection(
                new NpgsqlConnectionStringBuilder(database.AdminConnectionString) { Database = "postgres" }.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(statement, connection);
        await command.ExecuteNonQueryAsync();
    }
}
