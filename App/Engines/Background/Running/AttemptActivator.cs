using Hangfire;
using Hangfire.Server;

namespace App.Engines.Background.Running;

/// <summary>Makes a job in a scope of the service provider that knows the attempt.</summary>
internal sealed class AttemptActivator(IServiceScopeFactory scopes) : JobActivator
{
    /// <summary>Where the performer leaves the attempt.</summary>
    public const string Item = "attempt";

    /// <inheritdoc/>
    public override JobActivatorScope BeginScope(PerformContext context)
    {
        var scope = scopes.CreateAsyncScope();
        scope.ServiceProvider.GetRequiredService<AttemptSlot>().Attempt = (BackgroundAttempt)context.Items[Item];
        return new Scope(scope);
    }

    private sealed class Scope(AsyncServiceScope scope) : JobActivatorScope
    {
        public override object Resolve(Type type) => scope.ServiceProvider.GetRequiredService(type);

        // What the scope made may be disposable only asynchronously; a worker is a thread of its own, and may wait.
        public override void DisposeScope() => scope.DisposeAsync().AsTask().GetAwaiter().GetResult();
    }
}

/// <summary>The attempt of a scope.</summary>
internal sealed class AttemptSlot
{
    /// <summary>Null outside of a background job.</summary>
    public BackgroundAttempt? Attempt { get; set; }
}
