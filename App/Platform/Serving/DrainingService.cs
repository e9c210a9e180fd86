namespace App.Platform.Serving;

/// <summary>
/// A background service that ends when draining begins, before the server stops listening: what it holds is given back
/// at once, however long requests in flight take. See <see cref="Draining"/>.
/// </summary>
internal abstract class DrainingService : BackgroundService
{
}
