using App.Engines.Models;
using App.Engines.Models.Shadow;
using App.Tests.Fixtures;

namespace App.Tests.Engines.Models;

public sealed class ShadowTests : IAsyncLifetime
{
    private TestDatabase database = null!;
    private ModelProcess process = null!;
    private ModelVersion active = null!;

    public async Task InitializeAsync()
    {
        database = await TestDatabase.CreateAsync();
        process = new(database, null, new ModelPurpose("tiny", _ => null));
        active = await AddAsync(1);
        await process.Registry.ActivateAsync(active, default);
        await process.Models.RefreshAsync(default);
    }

    public async Task DisposeAsync()
    {
        await process.DisposeAsync();
        await database.DisposeAsync();
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 0)]
    public async Task What_a_serving_model_is_asked_is_asked_of_the_candidate_too(float factor, long agreed)
    {
        var candidate = await StartAsync(factor);
        Ask(0.6f);
        await process.Shadows.CompareAsync(default);
        var row = (await process.ShadowRegistry.NewestOfAsync([candidate.Id], default)).Single();
        Assert.Equal((1, agreed, 0), (row.Compared, row.Agreed, row.Failed));
        Assert.True(row.CandidateSeconds > 0 && row.ActiveSeconds > 0);
        var disagreements = (await process.ShadowRegistry.DisagreementsAsync([row.Id], 10, default))[row.Id];
        Assert.Equal(agreed == 1 ? [] : [new ShadowDisagreement("nothing", "label-0 + label-1 + label-2", 1)], disagreements);
    }

    [Fact]
    public async Task Without_a_candidate_nothing_is_kept_and_comparing_feeds_nothing_back()
    {
        Ask(1);
        Assert.False(process.Models.Get("tiny").Shadow.TryTake(out _));
        await StartAsync(2);
        Ask(1);
        await process.Shadows.CompareAsync(default);
        Assert.False(process.Models.Get("tiny").Shadow.TryTake(out _));
    }

    [Fact]
    public async Task Another_activation_ends_it_and_its_figures_stay()
    {
        var candidate = await StartAsync(2);
        Ask(1);
        await process.Shadows.CompareAsync(default);
        await process.Registry.ActivateAsync(candidate, default);
        await process.Shadows.RefreshAsync(default);
        var row = (await process.ShadowRegistry.NewestOfAsync([candidate.Id], default)).Single();
        Assert.NotNull(row.EndedAt);
        Assert.Equal(1, row.Compared);
        Assert.Null(process.Models.Get("tiny").Shadow.Running);
    }

    [Fact]
    public async Task Another_candidate_takes_the_place_and_the_same_one_goes_on()
    {
        var first = await StartAsync(2);
        await process.ShadowRegistry.StartAsync(first, default);
        Assert.Single(await process.ShadowRegistry.OfNameAsync("tiny", 10, default));
        var second = await StartAsync(3);
        Assert.Equal(second.Id, Assert.Single(await process.ShadowRegistry.RunningAsync(default)).CandidateId);
        Assert.Equal(2, (await process.ShadowRegistry.OfNameAsync("tiny", 10, default)).Count);
    }

    [Fact]
    public async Task A_candidate_that_cannot_be_loaded_says_so_and_what_serves_goes_on()
    {
        var candidate = await AddAsync(2);
        await process.ExecuteAsync("update model_versions set artifact = '\\x00' where version = 2");
        await process.ShadowRegistry.StartAsync(candidate, default);
        await process.Shadows.RefreshAsync(default);
        await process.Shadows.RefreshAsync(default);
        var row = (await process.ShadowRegistry.NewestOfAsync([candidate.Id], default)).Single();
        Assert.Equal(1, row.Failed);
        Assert.Contains("has sha256", row.Fault, StringComparison.Ordinal);
        Ask(1);
    }

    [Fact]
    public void A_sample_is_bounded_in_rate_and_number()
    {
        var time = new ManualTime();
        var shadow = new ModelShadow("tiny", time);
        shadow.Swap(new ShadowPair(1, 1, OnnxModel.Load(TinyModel.Scaling(1), TinyModel.Spec())));
        for (var i = 0; i < 1000; i++) shadow.Offer([1, 2, 3, 4, 5, 6], 2);
        Assert.Equal(1, Drain(shadow));
        for (var i = 0; i < 1000; i++)
        {
            time.Advance(TimeSpan.FromMilliseconds(100));
            shadow.Offer([1, 2, 3], 1);
            shadow.Offer([1, 2], 1);
        }
        Assert.Equal(ModelShadow.MostASecond, Drain(shadow));
        shadow.Swap(null);
        shadow.Offer([1, 2, 3], 1);
        Assert.Equal(0, Drain(shadow));
    }

    private static int Drain(ModelShadow shadow)
    {
        var taken = 0;
        while (shadow.TryTake(out _)) taken++;
        return taken;
    }

    private async Task<ModelVersion> StartAsync(float factor)
    {
        var candidate = await AddAsync(factor);
        Assert.NotNull(await process.ShadowRegistry.StartAsync(candidate, default));
        await process.Shadows.RefreshAsync(default);
        return candidate;
    }

    private Task<ModelVersion> AddAsync(float factor) =>
        process.AddAsync(TinyModel.Scaling(factor), TinyModel.Spec() with { Thresholds = [1, 1, 1] });

    private void Ask(float value)
    {
        using var use = process.Models.Get("tiny").Acquire();
        ModelProcess.Run(use!, value);
    }
}
