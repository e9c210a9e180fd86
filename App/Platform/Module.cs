using System.CommandLine;
using App.Platform.Configuration;

namespace App.Platform;

/// <summary>
/// One capability of the product: what it registers, what it runs in a worker, what it serves and which commands it
/// adds. <see cref="Modules.All"/> lists them in order; a module may use only those above it.
/// </summary>
internal abstract class Module
{
    /// <summary>Services of both roles. Variables are read here, so that every fault is known before the host is built.</summary>
    public virtual void AddServices(IServiceCollection services, Variables variables) { }

    /// <summary>Judges what all modules have registered; faults are told with those of the variables.</summary>
    public virtual void CheckServices(IServiceCollection services, Variables variables) { }

    /// <summary>Background services of the worker role.</summary>
    public virtual void AddWorkers(IServiceCollection services) { }

    /// <summary>Endpoints of both roles.</summary>
    public virtual void MapEndpoints(IEndpointRouteBuilder routes) { }

    /// <summary>Commands of <c>App</c>. Nothing is read or checked before one of them runs.</summary>
    public virtual void AddCommands(RootCommand root, Variables variables) { }
}
