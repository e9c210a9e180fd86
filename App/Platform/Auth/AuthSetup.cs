using System.Text;
using App.Platform.Configuration;
using App.Platform.Http;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.IdentityModel.Tokens;

namespace App.Platform.Auth;

/// <summary>Wires keys and, where a secret is set, JWTs (HS256, claims <c>org</c> and <c>scope</c>).</summary>
internal static class AuthSetup
{
    private const string Either = "KeyOrJwt";

    /// <summary>Authentication, and one policy for each scope.</summary>
    public static void AddKeys(this IServiceCollection services, PlatformOptions options)
    {
        services.AddSingleton<ApiKeyStore>();
        var authentication = services.AddAuthentication(options.JwtSecretKey is null ? KeyAuthentication.Scheme : Either)
            .AddScheme<AuthenticationSchemeOptions, KeyAuthentication>(KeyAuthentication.Scheme, null)
            .AddPolicyScheme(Either, null, policy => policy.ForwardDefaultSelector = context =>
                LooksLikeJwt(KeyAuthentication.Credential(context.Request))
                    ? JwtBearerDefaults.AuthenticationScheme : KeyAuthentication.Scheme);
        // Nothing here is sealed by data protection, whose key ring would be read, and written to disk, at every start.
        services.Remove(services.Single(service => service.ImplementationType?.Name == "DataProtectionHostedService"));
        if (options.JwtSecretKey is { } secret) authentication.AddJwtBearer(jwt => Configure(jwt, secret));
        services.AddAuthorization(Scopes.AddPolicies);
        // Nothing of ours is encrypted with ASP.NET's key ring: making one at start would cost time, memory and a file.
        foreach (var ring in services.Where(service => service.ImplementationType?.Name == "DataProtectionHostedService").ToList())
            services.Remove(ring);
    }

    private static bool LooksLikeJwt(string? credential) =>
        credential is not null && credential.StartsWith("eyJ", StringComparison.Ordinal) && credential.Count(c => c == '.') == 2;

    private static void Configure(JwtBearerOptions jwt, string secret)
    {
        jwt.MapInboundClaims = false;
        jwt.TokenValidationParameters = new TokenValidationParameters
        {
            IssuerSigningKey = new SymmetricSecurityKey(Encoding.UTF8.GetBytes(secret)),
            ValidAlgorithms = [SecurityAlgorithms.HmacSha256],
            ValidateIssuer = false,
            ValidateAudience = false,
            RequireExpirationTime = true,
            ClockSkew = TimeSpan.FromSeconds(30),
        };
        jwt.Events = new JwtBearerEvents
        {
            OnMessageReceived = context =>
            {
                context.Token = KeyAuthentication.Credential(context.Request);
                return Task.CompletedTask;
            },
            OnTokenValidated = context =>
            {
                var organizations = context.Principal!.FindAll(Scopes.OrganizationClaim).ToList();
                if (organizations.Count != 1 || !Scopes.IsOrganization(organizations[0].Value))
                    context.Fail("The claim org names no organization.");
                return Task.CompletedTask;
            },
            OnChallenge = context =>
            {
                context.HandleResponse();
                context.Response.Headers.WWWAuthenticate = "Bearer";
                return Problems.Of(StatusCodes.Status401Unauthorized, "The JWT is not valid.",
                    new FieldError("Authorization", null,
                        "Sign it with HS256 and JWT_SECRET_KEY; it needs exp, org (1 to 128 of A-Z a-z 0-9 . _ : -) and scope."))
                        .ExecuteAsync(context.HttpContext);
            },
            OnForbidden = context => KeyAuthentication.ForbidAsync(context.HttpContext),
        };
    }
}
