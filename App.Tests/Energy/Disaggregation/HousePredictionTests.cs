using App.Energy.Disaggregation;
using App.Tests.Fixtures;
using App.Training;

namespace App.Tests.Energy.Disaggregation;

public sealed class HousePredictionTests
{
    [Fact]
    public void A_provisional_prediction_uses_its_look_ahead_and_no_more()
    {
        using var model = TestModels.Shipped();
        var house = SimulatedHouses.Create(1, 21, days: 1)[0];
        var mains = house.Mains;
        var all = HousePrediction.Of(model, house, Target.ProvisionalLookAhead);
        foreach (var minute in new[] { Target.WarmUp, 300, 700, 1100, mains.Length - 1 - Target.ProvisionalLookAhead })
        {
            var end = minute + 1 + Target.ProvisionalLookAhead;
            var known = house with { Mains = mains[..end], Low = house.Low[..end], High = house.High[..end] };
            var then = HousePrediction.Of(model, known, Target.ProvisionalLookAhead);
            Assert.Equal(all.Other(minute), then.Other(minute), 0.01);
            Assert.True(then.Exists(minute));
            Assert.False(HousePrediction.Of(model, known).Exists(minute));
        }
        Assert.False(all.Exists(Target.WarmUp - 1));
        Assert.False(all.Exists(mains.Length - Target.ProvisionalLookAhead));
    }

    [Fact]
    public void What_is_predicted_does_not_depend_on_the_batch_it_was_in()
    {
        using var model = TestModels.Shipped();
        var house = SimulatedHouses.Create(1, 22, days: 1)[0];
        var all = HousePrediction.Of(model, house);
        var one = new WindowBatch(model.Spec, 1);
        for (var minute = Target.WarmUp; minute < house.Mains.Length - one.LookAhead; minute += 37)
        {
            one.Clear();
            one.Add(house.Minutes.Slice(Math.Max(0, minute - 65), Math.Min(minute, 65) + 66), Math.Min(minute, 65));
            one.Run(model);
            Assert.Equal(all.Other(minute), one.Other(0), 0.01);
        }
    }
}
