using App.Energy.Disaggregation;
using App.Engines.Models;
using App.Tests.Fixtures;
using App.Training;

namespace App.Tests.Training;

public sealed class TrainingTests
{
    private static readonly TrainingPlan Tiny = new(Steps: 6, Seed: 3, Batch: 16);

    [Fact]
    public void Two_trainings_from_one_seed_give_the_same_model_to_the_byte()
    {
        Assert.Equal(Train(Tiny).Artifact, Train(Tiny).Artifact);
        Assert.NotEqual(Train(Tiny).Artifact, Train(Tiny with { Seed = 4 }).Artifact);
    }

    [Fact]
    public void Training_lowers_the_loss()
    {
        var losses = new List<double>();
        DisaggregationTrainer.Train(SimulatedHouses.Create(6, 1, days: 3), new TrainingPlan(Steps: 120, Seed: 1, Batch: 64),
            (_, loss) => losses.Add(loss), CancellationToken.None);
        Assert.True(losses[^1] < 0.6 * losses[0], $"{losses[0]} to {losses[^1]}");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void ONNX_Runtime_answers_what_the_trainer_computes(int count)
    {
        var houses = SimulatedHouses.Create(4, 8, days: 3);
        var networks = Enumerable.Range(2, count)
            .Select(seed =>
                DisaggregationTrainer.Train(houses, new TrainingPlan(Steps: 60, seed, Batch: 64), (_, _) => { },
                    CancellationToken.None)).ToList();
        float[] gates = [0.2f, 0.1f, 0.3f, 0.2f, 0.4f];
        using var model = OnnxModel.Load(DisaggregationGraph.Write(networks, gates), Train(Tiny).Spec);

        const int Rows = 200;
        var house = houses.First(house => !house.Low.AsSpan().SequenceEqual(house.High));
        var mains = house.Mains;
        var input = new float[Rows * DisaggregationNetwork.WindowSize];
        var output = new float[Rows * gates.Length];
        var works = networks.ConvertAll(network => new Workspace(network, Rows, seed: 1));
        for (var row = 0; row < Rows; row++)
        {
            var window = input.AsSpan(row * DisaggregationNetwork.WindowSize, DisaggregationNetwork.WindowSize);
            Window.Fill(house.Minutes, 20 * row, DisaggregationNetwork.TargetOffset, DisaggregationNetwork.Window, window);
            foreach (var work in works)
                DisaggregationNetwork.Normalise(window,
                    work.Input.Slice(row * DisaggregationNetwork.InputSize, DisaggregationNetwork.InputSize));
        }
        model.Run(input, output, Rows);
        foreach (var (network, work) in networks.Zip(works)) network.Forward(work, Rows, training: false);
        for (var row = 0; row < Rows; row++)
        {
            for (var label = 0; label < gates.Length; label++)
            {
                float[] answers = [.. Enumerable.Range(row * 2 * gates.Length, 2 * gates.Length)
                    .Select(i => works.Average(work => work.Output[i]))];
                var expected = DisaggregationNetwork.Watts(answers, label, gates[label], mains[20 * row]);
                Assert.Equal(expected, output[(row * gates.Length) + label], 1e-3 * Math.Max(1, expected));
            }
        }
        Assert.Contains(output, watts => watts > 0);
    }

    [Fact]
    public void A_network_is_fed_levels_and_steps_each_in_two_measures_and_what_goes_on_within_the_minute()
    {
        const int Window = DisaggregationNetwork.Window;
        var window = new float[DisaggregationNetwork.WindowSize];
        Array.Fill(window, 300);
        window[50] = window[Window + 50] = window[(2 * Window) + 50] = 2300;
        window[80] = 700;
        window[(2 * Window) + 80] = 2300;
        var input = new float[DisaggregationNetwork.InputSize];
        DisaggregationNetwork.Normalise(window, input);
        Assert.Equal([0f, 0, 0, 0, 0, 0, 0, 0], Minute(49));
        Assert.Equal([1f, 2000f / 2200, 2000f / 2050, 2000f / 3000, 0, 0, 0, 0], Minute(50));
        Assert.Equal([0f, 0, -2000f / 2050, -2000f / 3000, 0, 0, 0, 0], Minute(51));
        Assert.Equal([1600f / 1800, 400f / 600, 1f, 2000f / 2050], Minute(80)[4..]);

        float[] Minute(int minute) =>
            input[((minute - 1) * DisaggregationNetwork.InputChannels)..(minute * DisaggregationNetwork.InputChannels)];
    }

    [Fact]
    public void The_gradient_of_the_loss_agrees_with_finite_differences()
    {
        float[] output = [0.4f, -0.2f, 1.1f, 0.3f, 0.9f, -1.5f, 0.7f, 2, -0.4f, 0.1f];
        float[] truth = [2500, 0, 1900, float.NaN, 90];
        var gradient = new float[output.Length];
        DisaggregationTrainer.Loss(output, truth, gradient);
        for (var i = 0; i < output.Length; i++)
        {
            var (above, below) = (output.ToArray(), output.ToArray());
            above[i] += 1e-2f;
            below[i] -= 1e-2f;
            var scratch = new float[output.Length];
            var numeric = (DisaggregationTrainer.Loss(above, truth, scratch) - DisaggregationTrainer.Loss(below, truth, scratch)) / 2e-2;
            Assert.Equal(numeric, gradient[i], 2e-3);
        }
    }

    [Fact]
    public void The_spec_says_how_to_feed_the_model_and_survives_its_file()
    {
        var spec = Train(Tiny).Spec;
        Assert.Equal((131, 65, 60), (spec.Window, spec.TargetOffset, spec.SamplePeriodSeconds));
        Assert.Equal(["kettle", "microwave", "dishwasher", "washing_machine", "fridge"], spec.Labels);
        Assert.All(Appliances.Labels,
            label => Assert.All(new[] { ".f1", ".mae.edge", ".training_mean" }, key => Assert.Contains(label + key, spec.Scores.Keys)));
        Assert.Equal(spec.ToJson(), ModelSpec.Parse(spec.ToJson()).ToJson());
    }

    [Fact]
    public void The_parts_of_a_prediction_add_up_to_the_mains_and_solar_surplus_is_kept()
    {
        var trained = Train(Tiny with { Steps = 40 });
        using var model = OnnxModel.Load(trained.Artifact, trained.Spec);
        var house = SimulatedHouses.Create(1, 5, days: 2)[0];
        var mains = house.Mains;
        for (var minute = 700; minute < 900; minute++)
        {
            foreach (var row in new[] { mains, house.Low, house.High }) row[minute] -= 1500;
        }
        var prediction = HousePrediction.Of(model, house);
        Assert.Contains(mains, watts => watts < 0);
        for (var minute = 15; minute < mains.Length - 65; minute++)
        {
            var parts = Enumerable.Range(0, Appliances.Labels.Count).Sum(label => prediction.Watts(minute, label));
            Assert.Equal(mains[minute], parts + prediction.Other(minute), 0.05);
            if (mains[minute] < 0) Assert.Equal(0, parts);
        }
    }

    [Fact]
    public void A_model_of_several_networks_answers_from_all_of_them()
    {
        var (one, three) = (Train(Tiny), Train(Tiny, 3));
        Assert.InRange(three.Artifact.Length, 2.5 * one.Artifact.Length, 3.1 * one.Artifact.Length);
        Assert.EndsWith("--steps 6 --networks 3 --out disaggregation.onnx", three.Spec.Note, StringComparison.Ordinal);
    }

    private static TrainedModel Train(TrainingPlan plan, int networks = 1)
    {
        var houses = SimulatedHouses.Create(4, plan.Seed, days: 1);
        return DisaggregationTraining.Run(new TrainingHouses([.. houses.Take(2)], [.. houses.Skip(2)], "test", "by house", "--data <test>"),
            plan, networks, CommandRun.NoProgress, CancellationToken.None);
    }
}
