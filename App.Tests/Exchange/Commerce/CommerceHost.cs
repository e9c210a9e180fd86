using App.Tests.Fixtures;

namespace App.Tests.Exchange.Commerce;

/// <summary>The product as web and worker, with the secrets of all providers: two of each, as during a rotation.</summary>
public sealed class CommerceHost : IAsyncLifetime
{
    /// <summary>The secret that is being replaced.</summary>
    public const string OldSecret = "the-old-secret-of-these-tests";

    /// <summary>Its successor.</summary>
    public const string Secret = "the-new-secret-of-these-tests";

    /// <summary>What Meta says when it asks.</summary>
    public const string VerifyToken = "the-verify-token-of-these-tests";

    /// <summary>The product.</summary>
    public AppHost App { get; private set; } = null!;

    /// <summary>A client with the operator's key.</summary>
    public HttpClient Http => App.Http;

    /// <inheritdoc/>
    public async Task InitializeAsync() => App = await StartAsync();

    /// <inheritdoc/>
    public Task DisposeAsync() => App.DisposeAsync().AsTask();

    /// <summary>Starts one; what is named again replaces what is usual.</summary>
    public static Task<AppHost> StartAsync(params (string Name, string Value)[] more) => AppHost.StartAsync(null,
    [
        ("WORKER_ENABLED", "true"), ("PIPELINE_ENABLED", "false"),
        ("WHATSAPP_APP_SECRET", $"{OldSecret},{Secret}"), ("WHATSAPP_VERIFY_TOKEN", VerifyToken),
        ("PAYSTACK_SECRET_KEY", $"{OldSecret}, {Secret}"), ("KORAPAY_SECRET_KEY", $"{OldSecret},{Secret}"),
        .. more,
    ]);
}
