using System.Linq.Expressions;
using Hangfire.Common;
using Hangfire.Storage;

namespace App.Engines.Background;

/// <summary>A call of a background job as text, so that it can be kept and made again.</summary>
/// <param name="Name">For people: <c>PruneFires.RunAsync</c>.</param>
/// <param name="Payload">Class, method and arguments.</param>
internal sealed record BackgroundCall(string Name, string Payload)
{
    /// <summary>
    /// The call that an expression makes: <c>BackgroundCall.Of&lt;PruneFires&gt;(job => job.RunAsync(CancellationToken.None))</c>.
    /// </summary>
    /// <exception cref="ArgumentException">It is no call of <c>RunAsync</c>, or the class is not registered.</exception>
    public static BackgroundCall Of<TJob>(Expression<Func<TJob, Task>> call) where TJob : class
    {
        TypeNames.Allow(typeof(TJob));
        BackgroundHost.UseStoredForm();
        var job = Job.FromExpression(call);
        if (job.Method.Name != BackgroundJobType.Method)
            throw new ArgumentException($"Call {typeof(TJob).Name}.{BackgroundJobType.Method}, not {job.Method.Name}.", nameof(call));
        return new($"{job.Type.Name}.{job.Method.Name}", InvocationData.SerializeJob(job).SerializePayload());
    }

    /// <summary>The call; null: this version has no such job.</summary>
    internal Job? Read()
    {
        try
        {
            return InvocationData.DeserializePayload(Payload).DeserializeJob();
        }
        catch (JobLoadException)
        {
            return null;
        }
    }
}
