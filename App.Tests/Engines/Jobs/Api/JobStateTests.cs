using System.Net;
using CsCheck;

namespace App.Tests.Engines.Jobs.Api;

/// <summary>Any steps of an operator, one after the other, lead a job through its states as this table says.</summary>
public sealed class JobStateTests(JobApi api) : IClassFixture<JobApi>
{
    private const string Gone = "gone";

    [Fact]
    public Task Any_steps_of_an_operator_lead_through_the_states_of_the_table() => Gen
        .Select(Gen.OneOf("queued", "scheduled", "running", "waiting", "dead", "cancelled"),
            Gen.OneOf("retry", "cancel", "delete").List[1, 6])
        .SampleAsync(
            async (state, steps) =>
            {
                var id = await api.AddAsync(state, "state.test");
                foreach (var step in steps)
                {
                    var (status, next) = After(state, step);
                    using var answer = step == "delete" ? await api.Host.Http.DeleteAsync($"/api/jobs/{id}")
                        : await api.Host.Http.PostAsync($"/api/jobs/{id}/{step}", null);
                    Assert.Equal((status, next), (answer.StatusCode, await api.StateAsync(id)));
                    state = next;
                }
            }, iter: 150, threads: 4);

    private static (HttpStatusCode Status, string Next) After(string state, string step) => (step, state) switch
    {
        (_, Gone) => (HttpStatusCode.NotFound, Gone),
        ("retry", "dead" or "cancelled" or "scheduled") => (HttpStatusCode.Accepted, "queued"),
        ("cancel", "queued" or "scheduled" or "waiting") => (HttpStatusCode.Accepted, "cancelled"),
        // Its worker is told; the attempt ends in its own time.
        ("cancel", "running") => (HttpStatusCode.Accepted, "running"),
        ("delete", "dead" or "cancelled") => (HttpStatusCode.NoContent, Gone),
        _ => (HttpStatusCode.Conflict, state),
    };
}
