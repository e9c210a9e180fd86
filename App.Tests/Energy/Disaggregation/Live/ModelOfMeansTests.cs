using App.Energy.Disaggregation;
using App.Engines.Models;
using App.Tests.Fixtures;

namespace App.Tests.Energy.Disaggregation.Live;

/// <summary>Models of one value a minute, which registries may hold from before, are served as they were.</summary>
public sealed class ModelOfMeansTests(TestDatabase database) : IClassFixture<TestDatabase>
{
    [Fact]
    public async Task Readings_of_every_few_seconds_early_and_late_reach_it_as_means_of_minutes()
    {
        await using var pipeline = await LivePipeline.StartAsync(database, ofMeans: true);
        var houses = Enumerable.Range(0, 4).Select(i => new TestHouse($"means-{i}", seed: 40 + i)).ToList();
        foreach (var (house, i) in houses.Select((house, i) => (house, i)))
        {
            var arrivals = house.Arrivals(seed: i, Disorder.SomeLate);
            while (arrivals.TryDequeue(out var readings))
            {
                await pipeline.PostAsync((house.Name, readings));
                if (arrivals.Count % 7 == 0) await pipeline.ConsumeAsync();
            }
        }
        await pipeline.ConsumeAsync();

        using var model = pipeline.Model();
        Assert.Equal([-1, 131], model.Model.Spec.Input.Shape);
        var compared = 0;
        foreach (var house in houses)
        {
            var (differences, finals) = await OfflineRows.CompareAsync(pipeline.Source, house.Name, model.Model, house.Truth);
            Assert.True(differences.Count == 0, string.Join(Environment.NewLine, differences));
            compared += finals;
        }
        Assert.InRange(compared, 300, int.MaxValue);
    }

    [Theory]
    [InlineData(true, -1, 131)]
    [InlineData(true, -1, 1, 131)]
    [InlineData(true, -1, 3, 131)]
    [InlineData(false, -1, 131, 3)]
    [InlineData(false, -1, 2, 131)]
    [InlineData(false, -1, 262)]
    public void A_spec_says_which_of_the_two_inputs_its_model_takes(bool fits, params int[] shape)
    {
        using var shipped = TestModels.Shipped();
        var fault = ModelFile.FaultOf(shipped.Spec with { Input = new TensorSpec("mains", shape) });
        Assert.Equal(fits, fault is null);
        if (!fits) Assert.Contains("[-1,3,131]", fault, StringComparison.Ordinal);
    }
}
