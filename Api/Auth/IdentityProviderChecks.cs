using System.Text.RegularExpressions;
using Workflows.Api.Http;
using Workflows.Connectors.OpenId;

namespace Workflows.Api.Auth;

/// <summary>What the fields of an identity provider may hold.</summary>
internal static partial class IdentityProviderChecks
{
    public static Checks Provider(this Checks checks, CreateIdentityProviderRequest wanted)
    {
        if (!SlugForm().IsMatch(wanted.Slug))
        {
            checks.Add("slug", "SLUG", "A slug has 1 to 63 small letters, digits and '-', and begins with no '-'.");
        }

        try
        {
            var issuer = OpenIdTargets.Address(wanted.Issuer);
            if (wanted.Issuer.Length > Limits.UrlLength || issuer.Query.Length > 0 || issuer.Fragment.Length > 0)
            {
                checks.Add("issuer", "URL", "An issuer has no query, no fragment and at most 2,048 characters.");
            }
        }
        catch (OpenIdException)
        {
            checks.Add(
                "issuer", "URL",
                "An issuer is an address of https, or one of http in a private network by its number.");
        }

        return checks.Client("clientId", wanted.ClientId).Parts(
            wanted.Name, wanted.ClientSecret, wanted.Scopes, wanted.GroupsClaim, wanted.DefaultRoles, wanted.Mappings);
    }

    public static Checks Provider(this Checks checks, UpdateIdentityProviderRequest wanted) =>
        checks.Client("clientId", wanted.ClientId).Parts(
            wanted.Name, wanted.ClientSecret, wanted.Scopes, wanted.GroupsClaim, wanted.DefaultRoles, wanted.Mappings);

    /// <summary>Whether a text may be a slug; what is none names no provider.</summary>
    public static bool IsSlug(string text) => SlugForm().IsMatch(text);

    private static Checks Client(this Checks checks, string field, string? value) =>
        value is null || (value.Length is > 0 and <= Limits.ClientTextLength && value.All(IsPlain))
            ? checks
            : checks.Add(field, "TEXT", $"'{field}' has 1 to {Limits.ClientTextLength} printable ASCII characters.");

    private static Checks Parts(
        this Checks checks, string? name, string? secret, string[]? scopes, string? claim, string[]? roles,
        ProviderMapping[]? mappings)
    {
        checks.Name("name", name);
        checks.Client("clientSecret", secret is "" ? null : secret);
        checks.Client("groupsClaim", claim is "" ? null : claim);
        if (scopes is not null && (scopes.Length > Limits.ProviderScopes || !scopes.Contains("openid")))
        {
            checks.Add("scopes", "SCOPES", $"Scopes are 'openid' and at most {Limits.ProviderScopes - 1} others.");
        }

        for (var index = 0; index < scopes?.Length; index++)
        {
            if (scopes[index] is not { Length: > 0 and <= Limits.ClientTextLength } scope
                || !scope.All(character => IsPlain(character) && character != ' '))
            {
                checks.Add($"scopes/{index}", "SCOPE", "A scope is printable ASCII without a space.");
            }
        }

        if (roles?.Length > Limits.MappingGrants)
        {
            checks.Add("defaultRoles", "TOO_MANY", $"There are at most {Limits.MappingGrants} roles.");
        }

        return checks.Mappings(mappings);
    }

    private static Checks Mappings(this Checks checks, ProviderMapping[]? mappings)
    {
        if (mappings?.Length > Limits.ProviderMappings)
        {
            return checks.Add("mappings", "TOO_MANY", $"There are at most {Limits.ProviderMappings} mappings.");
        }

        for (var index = 0; index < mappings?.Length; index++)
        {
            if (mappings[index] is not { } mapping)
            {
                checks.Add($"mappings/{index}", "EMPTY", "A mapping is an object.");
                continue;
            }

            checks.Name($"mappings/{index}/value", mapping.Value);
            if (mapping.Roles?.Length > Limits.MappingGrants || mapping.Groups?.Length > Limits.MappingGrants)
            {
                checks.Add(
                    $"mappings/{index}", "TOO_MANY", $"A mapping gives at most {Limits.MappingGrants} of each.");
            }
        }

        return checks;
    }

    private static bool IsPlain(char character) => character is >= ' ' and <= '~';

    [GeneratedRegex(@"^[a-z0-9][a-z0-9-]{0,62}\z")]
    private static partial Regex SlugForm();
}
