namespace App.Commerce;

internal sealed class CommerceEvents
{
    public Task PublishAsync(string organization, string type, object data, CancellationToken ct) => Task.CompletedTask;
}
