namespace App.Models;

/// <summary>
/// A task that the application has for a model, registered by the slice that runs it. What the slice cannot work with
/// is neither registered nor activated under that name; while no version is active, <c>/health</c> says so.
/// </summary>
/// <param name="Name">Name of the model.</param>
/// <param name="FaultOf">What makes a spec unfit (fault and cure, without a full stop), or null.</param>
/// <param name="InWeb">Whether a process of the web role runs it too; else only workers load it.</param>
internal sealed record ModelPurpose(string Name, Func<ModelSpec, string?> FaultOf, bool InWeb = false);
