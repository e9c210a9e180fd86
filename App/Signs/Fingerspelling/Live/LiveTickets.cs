using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Npgsql;

namespace App.Signs.Fingerspelling.Live;

/// <summary>
/// Tickets that open one WebSocket: a browser can add no header to it, and a key does not belong into an address. Only the
/// hash of a ticket is stored; any process takes it, once.
/// </summary>
internal sealed class LiveTickets(NpgsqlDataSource source)
{
    /// <summary>How long a ticket waits for its use, in seconds of the database's clock.</summary>
    public const int Seconds = 30;

    private const int SecretBytes = 32;
    private const int MostCharacters = 64;

    // Tickets that nobody has used are swept by those that come after them.
    private const string IssueSql = """
        with swept as (
            delete from live_tickets where ticket in (
                select ticket from live_tickets where expires_at < clock_timestamp() - interval '1 minute' limit 100
                    for update skip locked))
        insert into live_tickets (ticket, organization, expires_at) values ($1, $2, clock_timestamp() + $3 * interval '1 second')
        returning expires_at
        """;

    /// <summary>A new ticket and its end.</summary>
    public async Task<LiveTicket> IssueAsync(string organization, CancellationToken ct)
    {
        var ticket = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(SecretBytes));
        await using var command = source.CreateCommand(IssueSql);
        command.Parameters.Add(new() { Value = HashOf(ticket) });
        command.Parameters.Add(new() { Value = organization });
        command.Parameters.Add(new() { Value = Seconds });
        var expiresAt = (DateTime)(await command.ExecuteScalarAsync(ct))!;
        return new LiveTicket(ticket, new DateTimeOffset(expiresAt, TimeSpan.Zero));
    }

    /// <summary>Uses a ticket up; false: there is none like it, it was used, or it is too old.</summary>
    public async Task<bool> RedeemAsync(string ticket, CancellationToken ct)
    {
        if (ticket.Length is 0 or > MostCharacters) return false;
        await using var command =
            source.CreateCommand("delete from live_tickets where ticket = $1 returning expires_at > clock_timestamp()");
        command.Parameters.Add(new() { Value = HashOf(ticket) });
        return await command.ExecuteScalarAsync(ct) is true;
    }

    private static byte[] HashOf(string ticket) => SHA256.HashData(Encoding.UTF8.GetBytes(ticket));
}

/// <summary>The answer of <c>POST /api/live/tickets</c>.</summary>
/// <param name="Ticket">For <c>?ticket=</c>, once.</param>
/// <param name="ExpiresAt">Its end.</param>
internal sealed record LiveTicket(string Ticket, DateTimeOffset ExpiresAt);
