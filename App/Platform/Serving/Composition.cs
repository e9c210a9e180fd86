using App.Platform.Configuration;

namespace App.Platform.Serving;

/// <summary>Builds a server from its variables.</summary>
/// <exception cref="InvalidVariablesException">The configuration has faults.</exception>
/// <exception cref="UnavailableException">The database cannot be reached.</exception>
internal delegate Task<WebApplication> Composition(Variables variables, CancellationToken ct);
