using System.Text;
using App.Signs.Fingerspelling;
using App.Signs.Fingerspelling.Live;

namespace App.Tests.Signs.Fingerspelling.Live;

public sealed class JsonFrameTests
{
    private static readonly string Hand = "[" + string.Join(',', Enumerable.Range(0, 21).Select(i => $"[{i},-0.5,1e-3]")) + "]";
    private static readonly string Short = "[" + string.Join(',', Enumerable.Range(0, 20).Select(_ => "[1,2,3]")) + "]";

    [Fact]
    public void A_frame_is_read_in_any_order_of_its_fields()
    {
        var landmarks = new float[Landmarks.Size];
        Assert.Null(
            Read("\n{ \"handedness\" : \"Left\", \"landmarks\": " + Hand + ", \"\\u0073eq\": 9007199254740991 } ", landmarks, out var seq,
                out var command));
        Assert.Equal(9007199254740991, seq);
        Assert.Null(command);
        Assert.Equal([20, -0.5f, 0.001f], landmarks[^3..]);
    }

    [Theory]
    [InlineData("", "invalid_json")]
    [InlineData("[]", "invalid_json")]
    [InlineData("7", "invalid_json")]
    [InlineData("""{"seq":7""", "invalid_json")]
    [InlineData("""{"seq":7,"landmarks":HAND} {}""", "invalid_json")]
    [InlineData("""{"seq":7,"landmarks":[[NaN""", "invalid_json")]
    [InlineData("""{"landmarks":HAND}""", "missing_field")]
    [InlineData("""{"seq":7}""", "missing_field")]
    [InlineData("""{"seq":7,"seq":7,"landmarks":HAND}""", "duplicate_field")]
    [InlineData("""{"landmarks":HAND,"landmarks":HAND,"seq":7}""", "duplicate_field")]
    [InlineData("""{"handedness":null,"handedness":null,"landmarks":HAND,"seq":7}""", "duplicate_field")]
    [InlineData("""{"time":{"a":[1,{}]},"landmarks":HAND,"seq":7}""", "unknown_field")]
    [InlineData("""{"seq":-1,"landmarks":HAND}""", "invalid_seq")]
    [InlineData("""{"seq":1.5,"landmarks":HAND}""", "invalid_seq")]
    [InlineData("""{"seq":"7","landmarks":HAND}""", "invalid_seq")]
    [InlineData("""{"seq":[7],"landmarks":HAND}""", "invalid_seq")]
    [InlineData("""{"seq":9007199254740992,"landmarks":HAND}""", "invalid_seq")]
    [InlineData("""{"landmarks":SHORT,"seq":7}""", "invalid_landmarks")]
    [InlineData("""{"landmarks":[HAND],"seq":7}""", "invalid_landmarks")]
    [InlineData("""{"landmarks":null,"seq":7}""", "invalid_landmarks")]
    [InlineData("""{"landmarks":[[1,2,3,4]],"seq":7}""", "invalid_landmarks")]
    [InlineData("""{"landmarks":[[1,2,1e999]],"seq":7}""", "invalid_landmarks")]
    [InlineData("""{"landmarks":[[1,2,-1000001]],"seq":7}""", "invalid_landmarks")]
    [InlineData("""{"landmarks":[[1,2,"3"]],"seq":7}""", "invalid_landmarks")]
    [InlineData("""{"landmarks":[[1,{"a":[]},3]],"seq":7}""", "invalid_landmarks")]
    [InlineData("""{"landmarks":{"0":[1,2,3]},"seq":7}""", "invalid_landmarks")]
    [InlineData("""{"handedness":"right","landmarks":HAND,"seq":7}""", "invalid_handedness")]
    [InlineData("""{"handedness":{"a":1},"landmarks":HAND,"seq":7}""", "invalid_handedness")]
    [InlineData("""{"command":"jump","seq":7}""", "invalid_command")]
    [InlineData("""{"command":"space","landmarks":HAND,"seq":7}""", "invalid_command")]
    public void What_is_wrong_is_told_with_the_number_of_the_frame_where_it_has_one(string frame, string code)
    {
        var fault = Read(frame.Replace("HAND", Hand).Replace("SHORT", Short), new float[Landmarks.Size], out var seq, out _);
        Assert.Equal(code, fault?.Code);
        if (frame.Contains("\"seq\":7,") || frame.EndsWith("\"seq\":7}", StringComparison.Ordinal)) Assert.Equal(7, seq);
    }

    [Fact]
    public void A_hand_with_a_point_more_is_refused() =>
        Assert.Equal("invalid_landmarks",
            Read("{\"seq\":1,\"landmarks\":" + Hand[..^1] + ",[1,2,3]]}", new float[Landmarks.Size], out _, out _)?.Code);

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(-2e6f)]
    public void A_binary_frame_holds_numbers_alone(float value)
    {
        var hand = LetterByPosition.Hand(1);
        hand[44] = value;
        var fault = BinaryFrame.Read(LiveClient.Binary(9, hand), new float[Landmarks.Size], out var seq);
        Assert.Equal(("invalid_landmarks", 9), (fault?.Code, seq));
        Assert.Contains("landmarks[14][2]", fault!.Message);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(255)]
    [InlineData(252)]
    [InlineData(257)]
    public void A_binary_frame_has_one_length(int bytes)
    {
        var fault = BinaryFrame.Read(new byte[bytes], new float[Landmarks.Size], out var seq);
        Assert.Equal("wrong_length", fault?.Code);
        Assert.Equal(bytes >= 4 ? 0 : null, seq);
    }

    private static FrameFault? Read(string frame, float[] landmarks, out long? seq, out SpellingCommand? command) =>
        JsonFrame.Read(Encoding.UTF8.GetBytes(frame), landmarks, out seq, out command);
}
