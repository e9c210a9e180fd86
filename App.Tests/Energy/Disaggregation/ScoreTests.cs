using App.Energy.Disaggregation;

namespace App.Tests.Energy.Disaggregation;

public sealed class ScoreTests
{
    [Fact]
    public void Scores_follow_their_definitions()
    {
        var score = default(Score);
        score.Add(1000, 900, 500);
        score.Add(600, 0, 500);
        score.Add(0, 700, 500);
        score.Add(10, 0, 500);
        Assert.Equal(0.5, score.F1);
        Assert.Equal((100 + 600 + 700 + 10) / 4.0, score.Mae);
        Assert.Equal(10 / 1600.0, score.Sae, 1e-9);
        Assert.Equal((0.5, 0.5), (score.Precision, score.Recall));
    }

    [Fact]
    public void The_sum_of_scores_is_the_score_of_all_minutes()
    {
        var (a, b, both) = (default(Score), default(Score), default(Score));
        var random = new Random(1);
        for (var i = 0; i < 100; i++)
        {
            var (predicted, truth) = (random.Next(1000), random.Next(1000));
            if (i < 40) a.Add(predicted, truth, 500);
            else b.Add(predicted, truth, 500);
            both.Add(predicted, truth, 500);
        }
        Assert.Equal(both, a + b);
    }

    [Fact]
    public void Edge_rules_find_a_kettle_and_nothing_across_a_break()
    {
        float[] mains = [100, 100, 2300, 2300, 100, 100, float.NaN, 2300, 2300, 100];
        var watts = Baselines.Edges(mains);
        Assert.Equal([0, 0, 2200, 2200, 0, 0, 0, 0, 0, 0], watts[Appliances.Kettle]);
        Assert.All(watts[1..], other => Assert.All(other, value => Assert.Equal(0, value)));
    }
}
