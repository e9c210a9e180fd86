using System.Net;
using System.Text;
using App.Tests.Exchange.Commerce;

namespace App.Tests.Exchange.Webhooks;

/// <summary>
/// Korapay signs its data as JavaScript writes it. The signatures were made by Node: <c>createHmac('sha256',
/// secret).update(JSON.stringify(body.data))</c>.
/// </summary>
[Collection(ReceiptTests.Refusals)]
public sealed class KorapaySignatureTests(CommerceHost host) : IClassFixture<CommerceHost>
{
    [Theory]
    [InlineData(
        """{"event":"charge.success","data":{"fee":22.5,"amount":150.99,"status":"success","currency":"NGN","reference":"KPY-PAY-9"}}""",
        "9fbd87888192092f933c7d69344a9602de354d5b4b298df1734244a57506bc6a")]
    [InlineData("""{"event":"charge.success", "data": {"fee": 22.50, "amount": 150.0, "status": "success", "reference": "KPY\/PAY-10"}}""",
        "1b2296064799f7e9a20df5a30a66bccca2fd5392926f9a9069aad9a7f2c7163b")]
    [InlineData(
        """{"event":"transfer.success","data":"""
        + """{"reference":"N\u00e9e \ud83d\ude00 \u20a6","amount":1e21,"small":0.0000001,"2":"b","1":"a"}}""",
        "338a7fef8923b0ff4462105699c4d2b3649f68d18b95e75b0120d9def9a21746")]
    public async Task A_signature_of_Nodes_is_good_however_the_body_is_written(string body, string signature)
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        using var answer = await host.App.SendAsync("korapay", bytes, signature);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        using var refused = await host.App.SendAsync("korapay",
            Encoding.UTF8.GetBytes(body.Replace("reference", "reference2", StringComparison.Ordinal)), signature);
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
    }
}
