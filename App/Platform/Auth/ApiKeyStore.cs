using System.Collections.Concurrent;
using System.Security.Claims;
using System.Security.Cryptography;
using App.Platform.Configuration;
using App.Platform.Database;
using Microsoft.EntityFrameworkCore;

namespace App.Platform.Auth;

/// <summary>
/// Finds the holder of a key. Answers are remembered for a few seconds, so that a stream of requests costs one query;
/// a revoked key is refused after that time at the latest.
/// </summary>
internal sealed class ApiKeyStore(IServiceScopeFactory scopes, PlatformOptions options, TimeProvider time)
{
    /// <summary>How long an answer is remembered.</summary>
    public static readonly TimeSpan Remembered = TimeSpan.FromSeconds(15);

    private const int MostRemembered = 10_000;
    private readonly ConcurrentDictionary<string, (ClaimsPrincipal? Holder, long Until)> remembered = new();
    private readonly byte[]? adminHash = options.AdminApiKey is { } key ? ApiKey.HashOf(key) : null;
    private readonly ClaimsPrincipal admin = Principal(Auth.Scopes.OperatorsOrganization, "operator", [Scopes.Admin]);

    /// <summary>The holder of a key, or null when it is unknown or revoked.</summary>
    public async ValueTask<ClaimsPrincipal?> FindAsync(string secret, CancellationToken ct)
    {
        if (remembered.TryGetValue(secret, out var known) && known.Until > time.GetTimestamp()) return known.Holder;

        var hash = ApiKey.HashOf(secret);
        var holder = adminHash is not null && CryptographicOperations.FixedTimeEquals(hash, adminHash) ? admin : await LoadAsync(hash, ct);
        if (remembered.Count >= MostRemembered) remembered.Clear();
        remembered[secret] = (holder, time.GetTimestamp() + (long)(Remembered.TotalSeconds * time.TimestampFrequency));
        return holder;
    }

    /// <summary>Stores a new key and answers its secret, which is shown once and never kept.</summary>
    public static async Task<string> CreateAsync(AppDbContext db, string organization, string name, IEnumerable<string> scopes,
        CancellationToken ct)
    {
        var secret = ApiKey.NewSecret();
        db.Add(new ApiKey
        {
            Id = Guid.CreateVersion7(),
            Organization = organization,
            Name = name,
            Hash = ApiKey.HashOf(secret),
            Scopes = [.. scopes],
        });
        await db.SaveChangesAsync(ct);
        return secret;
    }

    /// <summary>The keys of one organization, or all, in the order in which they were made.</summary>
    public static async Task<IReadOnlyList<ApiKey>> ListAsync(AppDbContext db, string? organization, CancellationToken ct) =>
        await db.Set<ApiKey>()
            .AsNoTracking().Where(key => organization == null || key.Organization == organization).OrderBy(key => key.Id).ToListAsync(ct);

    /// <summary>Revokes a key.</summary>
    /// <returns>False when there is no such key, or it was revoked before.</returns>
    public static async Task<bool> RevokeAsync(AppDbContext db, Guid id, CancellationToken ct) =>
        await db.Database.ExecuteSqlAsync($"update api_keys set revoked_at = now() where id = {id} and revoked_at is null", ct) > 0;

    private async Task<ClaimsPrincipal?> LoadAsync(byte[] hash, CancellationToken ct)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<AppDbContext>();
        var key = await db.Set<ApiKey>().AsNoTracking().SingleOrDefaultAsync(k => k.Hash == hash && k.RevokedAt == null, ct);
        return key is null ? null : Principal(key.Organization, key.Name, key.Scopes);
    }

    private static ClaimsPrincipal Principal(string organization, string name, IEnumerable<string> scopes) =>
        new(new ClaimsIdentity(
            [new(ClaimTypes.Name, name), new(Scopes.OrganizationClaim, organization),
                .. scopes.Select(s => new Claim(Scopes.ScopeClaim, s))],
            KeyAuthentication.Scheme));
}
