using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Auth;

/// <summary>What a group at a provider gives, as it is stored: by id.</summary>
internal sealed record StoredMapping(string Value, Guid[] Roles, Guid[] Groups)
{
    public static List<StoredMapping> Of(IdentityProvider provider) =>
        JsonSerializer.Deserialize<List<StoredMapping>>(provider.Mappings, JsonSerializerOptions.Web)!;

    public static string Text(IEnumerable<StoredMapping> mappings) =>
        JsonSerializer.Serialize(mappings, JsonSerializerOptions.Web);
}

/// <summary>Between the names of roles and groups, as people write them, and their ids, as providers keep them. Nobody
/// has a provider give more than they may themselves; owners are made by people.</summary>
internal static class ProviderGrants
{
    /// <summary>The roles of accounts that a provider makes.</summary>
    public static async Task<(Guid[] Roles, Problem? Problem)> RolesAsync(
        ApiRequest request, string[] names, CancellationToken token)
    {
        var checks = new Checks();
        var roles = await RolesOfAsync(request, names, token);
        var ids = Ids(checks, "defaultRoles", names, roles, request);
        return (ids, checks.Problem);
    }

    /// <summary>The mappings as they are stored.</summary>
    public static async Task<(string Text, Problem? Problem)> MappingsAsync(
        ApiRequest request, ProviderMapping[] mappings, CancellationToken token)
    {
        var checks = new Checks();
        var roles = await RolesOfAsync(request, [.. mappings.SelectMany(mapping => mapping.Roles ?? [])], token);
        string[] names = [.. mappings.SelectMany(mapping => mapping.Groups ?? [])];
        var groups = await request.Db.Groups.Where(row => names.Contains(row.Name))
            .ToDictionaryAsync(row => row.Name, row => row.Id, token);
        var stored = new List<StoredMapping>();
        for (var index = 0; index < mappings.Length; index++)
        {
            var (field, mapping) = ($"mappings/{index}", mappings[index]);
            var given = Ids(checks, $"{field}/roles", mapping.Roles ?? [], roles, request);
            for (var place = 0; place < mapping.Groups?.Length; place++)
            {
                if (mapping.Groups[place] is not { } name || !groups.ContainsKey(name))
                {
                    checks.Add($"{field}/groups/{place}", "UNKNOWN", $"There is no group '{mapping.Groups[place]}'.");
                }
            }

            var known = (mapping.Groups ?? []).Where(name => name is not null && groups.ContainsKey(name));
            stored.Add(new StoredMapping(
                mapping.Value, given, [.. known.Select(name => groups[name]).Distinct()]));
        }

        return (StoredMapping.Text(stored), checks.Problem);
    }

    /// <summary>Names of all roles and groups that providers give.</summary>
    public static async Task<Dictionary<Guid, string>> NamesAsync(
        ApiRequest request, IReadOnlyCollection<IdentityProvider> providers, CancellationToken token)
    {
        var mappings = providers.SelectMany(StoredMapping.Of).ToList();
        Guid[] roles =
            [.. mappings.SelectMany(mapping => mapping.Roles), .. providers.SelectMany(row => row.DefaultRoles)];
        Guid[] groups = [.. mappings.SelectMany(mapping => mapping.Groups)];
        var names = await request.Db.Roles.Where(row => roles.Contains(row.Id))
            .ToDictionaryAsync(row => row.Id, row => row.Name, token);
        foreach (var group in await request.Db.Groups.Where(row => groups.Contains(row.Id))
            .Select(row => new { row.Id, row.Name }).ToListAsync(token))
        {
            names[group.Id] = group.Name;
        }

        return names;
    }

    private static async Task<Dictionary<string, Role>> RolesOfAsync(
        ApiRequest request, string[] names, CancellationToken token) =>
        await request.Db.Roles.AsNoTracking().Where(row => names.Contains(row.Name))
            .ToDictionaryAsync(row => row.Name, token);

    private static Guid[] Ids(
        Checks checks, string field, string[] names, Dictionary<string, Role> roles, ApiRequest request)
    {
        var ids = new List<Guid>();
        for (var index = 0; index < names.Length; index++)
        {
            if (names[index] is not { } name || !roles.TryGetValue(name, out var role))
            {
                checks.Add($"{field}/{index}", "UNKNOWN", $"There is no role '{names[index]}'.");
            }
            else if (role is { BuiltIn: true, Name: BuiltInRoles.Owner })
            {
                checks.Add($"{field}/{index}", "OWNER", "Owners are made by people, not by a provider.");
            }
            else if (!request.Caller.May(BuiltInRoles.Of(role)))
            {
                checks.Add(
                    $"{field}/{index}", "NOT_YOURS",
                    $"You cannot give the role '{role.Name}', which has more permissions than you.");
            }
            else
            {
                ids.Add(role.Id);
            }
        }

        return [.. ids.Distinct()];
    }
}
