using App.Exchange.Messages.Channels;
using App.Exchange.Messages.Meta;

namespace App.Tests.Exchange.Messages;

/// <summary>What Meta's error codes mean, whatever the status of HTTP.</summary>
public sealed class MetaErrorsTests
{
    [Theory]
    // Throughput, of the number and of the pair; the catalog's own limits.
    [InlineData(130429, 400, "Failed", 10, null)]
    [InlineData(131056, 400, "Failed", 6, null)]
    [InlineData(80009, 400, "Failed", 10, null)]
    [InlineData(80014, 400, "Failed", 10, null)]
    [InlineData(4, 400, "Failed", 10, null)]
    // The number is silent.
    [InlineData(131048, 400, "Failed", null, 3600)]
    [InlineData(131031, 403, "Failed", null, 3600)]
    [InlineData(368, 403, "Failed", null, 3600)]
    // The credentials.
    [InlineData(0, 401, "Failed", null, 300)]
    [InlineData(190, 401, "Failed", null, 300)]
    [InlineData(10, 403, "Failed", null, 300)]
    [InlineData(200, 403, "Failed", null, 300)]
    [InlineData(299, 403, "Failed", null, 300)]
    // This message, for good.
    [InlineData(131047, 400, "Refused", null, null)]
    [InlineData(131026, 400, "Refused", null, null)]
    [InlineData(131049, 400, "Refused", null, null)]
    [InlineData(100, 400, "Refused", null, null)]
    // What passes.
    [InlineData(131000, 500, "Failed", null, null)]
    [InlineData(131016, 400, "Failed", null, null)]
    [InlineData(999999, 503, "Failed", null, null)]
    [InlineData(999999, 429, "Failed", null, null)]
    public void A_code_says_what_follows(int code, int status, string end, int? retryAfter, int? pause)
    {
        var result = MetaErrors.ResultOf(new MetaError(code, "Words."), new HttpAnswer(status, "{}", "", null));
        Assert.Equal((end, (double?)retryAfter, (double?)pause, (int?)code),
            (result.End.ToString(), result.RetryAfter?.TotalSeconds, result.Pause?.TotalSeconds, result.ErrorCode));
        Assert.StartsWith($"Error {code}: Words.", result.Error);
    }

    [Fact]
    public void A_pause_that_the_answer_names_is_taken() =>
        Assert.Equal(TimeSpan.FromSeconds(77),
            MetaErrors.ResultOf(new MetaError(130429, "Words."), new HttpAnswer(429, "{}", "", TimeSpan.FromSeconds(77))).RetryAfter);
}
