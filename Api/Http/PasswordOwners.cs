using Microsoft.EntityFrameworkCore;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Http;

/// <summary>What a person's password must not be made of.</summary>
internal static class PasswordOwners
{
    /// <summary>What names an account, and its tenant.</summary>
    public static Task<string?[]> AboutAsync(this ApiRequest request, User user, CancellationToken token) =>
        request.AboutAsync([user.Email, user.Username, user.Name], token);

    /// <summary>What names an account that is not made yet, and its tenant.</summary>
    public static async Task<string?[]> AboutAsync(
        this ApiRequest request, string?[] person, CancellationToken token)
    {
        var tenant = await request.Db.Tenants.Select(row => new { row.Name, row.Slug }).SingleAsync(token);
        return [.. person, tenant.Name, tenant.Slug];
    }
}
