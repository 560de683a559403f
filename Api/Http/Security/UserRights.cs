using Workflows.Data.ControlPlane;
using Workflows.Data.Identity;

namespace Workflows.Api.Http.Security;

/// <summary>The rule of everything that is done to other people: nobody acts on who may more than they do
/// themselves.</summary>
internal static class UserRights
{
    /// <summary>Null when the caller may act on <paramref name="user"/>, whose roles are loaded.</summary>
    public static Problem? Check(Caller caller, User user) =>
        user.Email.EndsWith(PlatformTenant.OperatorDomain, StringComparison.OrdinalIgnoreCase)
            ? new Problem(
                Errors.Forbidden,
                "An operator of the platform has this account for a while; revoke the access instead.")
            : user.Roles.TrueForAll(row => caller.May(BuiltInRoles.Of(row.Role!)))
                ? null
                : new Problem(Errors.Forbidden, "The user has permissions that you lack yourself.");
}
