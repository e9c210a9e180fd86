using App.Engines.Models;

namespace App.Tests.Engines.Models;

public sealed class OnnxModelTests
{
    [Fact]
    public void A_model_with_its_data_inside_is_taken_and_runs()
    {
        using var model = OnnxModel.Load(TinyModel.Scaling(3), TinyModel.Spec());
        var output = new float[2 * TinyModel.Width];
        model.Run([1, 2, 3, 4, 5, 6], output, 2);
        Assert.Equal([3f, 6, 9, 12, 15, 18], output);
    }

    [Fact]
    public void A_tensor_in_another_file_is_refused_by_name() =>
        Assert.Contains("'factor' keeps its data in another file",
            Assert.Throws<InvalidModelException>(() => OnnxModel.Load(TinyModel.Scaling(3, externalData: true), TinyModel.Spec())).Message);

    [Fact]
    public void A_model_that_is_cut_off_anywhere_is_refused()
    {
        var whole = TinyModel.Scaling(3);
        for (var length = 0; length < whole.Length - 1; length++)
        {
            var part = whole[..length];
            Assert.Throws<InvalidModelException>(() => OnnxModel.Load(part, TinyModel.Spec()));
        }
    }

    [Fact]
    public void Noise_is_refused()
    {
        var random = new Random(1);
        for (var i = 0; i < 200; i++)
        {
            var noise = new byte[random.Next(1, 300)];
            random.NextBytes(noise);
            Assert.Throws<InvalidModelException>(() => OnnxModel.Load(noise, TinyModel.Spec()));
        }
    }

    [Fact]
    public void A_model_of_another_shape_than_its_spec_is_refused() =>
        Assert.Contains("the spec says [-1,5]",
            Assert.Throws<InvalidModelException>(() => OnnxModel.Load(TinyModel.Scaling(3), TinyModel.Spec(width: 5))).Message);

    [Fact]
    public void An_error_of_the_runtime_is_for_the_log_alone()
    {
        var artifact = TinyModel.Scaling(3, operation: "NoSuchOperation");
        var unknown = Assert.Throws<InvalidModelException>(() => OnnxModel.Load(artifact, TinyModel.Spec()));
        Assert.StartsWith("ONNX Runtime cannot load it", unknown.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("NoSuchOperation", unknown.Message, StringComparison.Ordinal);
        Assert.Contains("NoSuchOperation", unknown.Detail, StringComparison.Ordinal);

        var failing = Assert.Throws<InvalidModelException>(() => OnnxModel.Load(TinyModel.Failing(), TinyModel.Spec()));
        Assert.StartsWith("ONNX Runtime loads it and fails", failing.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("1234567", failing.Message, StringComparison.Ordinal);
        Assert.Contains("1234567", failing.Detail, StringComparison.Ordinal);
    }
}
