using System.Collections.Concurrent;
using Hangfire.Common;

namespace App.Engines.Background;

/// <summary>
/// The names of types that may stand in a stored job. A name in the database is an instruction to load a type, so only
/// registered jobs and the types of their arguments are found; nothing is ever looked up in an assembly by its name.
/// One list for the process, because Hangfire asks one resolver for the whole process; what this application runs is
/// decided by <see cref="BackgroundJobTypes"/>.
/// </summary>
internal static class TypeNames
{
    private static readonly ConcurrentDictionary<string, Type> Allowed = new(StringComparer.Ordinal);

    /// <summary>Allows a class and the types of the arguments of its <c>RunAsync</c>.</summary>
    /// <exception cref="ArgumentException">It has no public <c>Task RunAsync(…)</c>, or more than one.</exception>
    public static void Allow(Type job)
    {
        var methods = job.GetMethods().Where(method => method.Name == BackgroundJobType.Method).ToList();
        if (methods is not [{ IsStatic: false, IsGenericMethod: false } run] || run.ReturnType != typeof(Task))
            throw new ArgumentException(
                $"{job.Name} cannot be a background job: give it one public method 'Task {BackgroundJobType.Method}(…)'.", nameof(job));
        foreach (var type in run.GetParameters().Select(parameter => parameter.ParameterType).Append(job))
            Allowed[TypeHelper.SimpleAssemblyTypeSerializer(type)] = type;
    }

    /// <summary>The type that a stored name means.</summary>
    /// <exception cref="TypeLoadException">None that may be run.</exception>
    public static Type Resolve(string name) =>
        Allowed.TryGetValue(name, out var type) ? type : throw new TypeLoadException($"'{name}' is no background job of this version.");

    /// <summary>Whether a name could be a job of another version: it belongs to an assembly that has jobs.</summary>
    public static bool CouldBeOurs(string name) =>
        name.Split(", ") is [_, var assembly]
            && Allowed.Values.Any(type => type.Name != "CancellationToken" && type.Assembly.GetName().Name == assembly);
}
