namespace App.Platform.Serving;

/// <summary>A background service of the server has failed, and the process ends with it: one line to stderr, exit code 70.</summary>
internal sealed class FailedServiceException(string service, Exception inner)
    : Exception($"The background service {service} has failed, and the process ends: {inner.GetType().Name}: {inner.Message}", inner);
