using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.Net.Http.Headers;
using Microsoft.OpenApi;

namespace App.Platform.Http.ApiDescription;

/// <summary>The API document as it is sent, made once.</summary>
internal sealed class ApiDocument([FromKeyedServices(ApiSetup.Name)] IOpenApiDocumentProvider provider)
{
    private readonly Lock gate = new();
    private Task<(byte[] Json, EntityTagHeaderValue Tag)>? made;

    /// <summary>The document; whoever asks while it is made gets the same.</summary>
    public Task<(byte[] Json, EntityTagHeaderValue Tag)> GetAsync()
    {
        lock (gate)
        {
            if (made is null or { IsFaulted: true }) made = MakeAsync();
            return made;
        }
    }

    private async Task<(byte[] Json, EntityTagHeaderValue Tag)> MakeAsync()
    {
        var document = await provider.GetOpenApiDocumentAsync();
        var json = Encoding.UTF8.GetBytes(await document.SerializeAsJsonAsync(OpenApiSpecVersion.OpenApi3_1));
        return (json, new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(json).AsSpan(0, 12))}\""));
    }
}
