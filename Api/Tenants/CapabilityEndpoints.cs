using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.Identity;

namespace Workflows.Api.Tenants;

/// <summary>What this platform can do as it is configured: a console shows no page that could only fail.</summary>
/// <param name="Mail">Mails are sent: invitations, resets of passwords, notifications.</param>
/// <param name="Registration">New tenants may register themselves.</param>
/// <param name="Live">There is a WebSocket and an event stream.</param>
/// <param name="OperatorTenant">The caller is in the tenant of the platform's operators.</param>
internal sealed record CapabilitiesView(
    bool Mail, bool PasswordReset, bool Invites, bool Registration, bool IdentityProviders, bool Live, bool Search,
    bool OperatorTenant, string TimeZonesVersion);

internal static class CapabilityEndpoints
{
    public static void MapCapabilities(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/capabilities", Get).WithTags("Platform").Requires(Permission.None)
            .WithSummary("What this platform can do as it is configured");

    private static ApiResponse<CapabilitiesView> Get(
        ApiRequest request, MailSettings mails, RegistrationOptions registration) => new CapabilitiesView(
            mails.CanSend, mails.CanSend, mails.CanSend, registration.Enabled && mails.CanSend,
            mails.PublicUrl is not null, Live: true, Search: true,
            request.Caller.TenantId == PlatformTenant.Id, Engine.Schedules.TimeZones.Version);
}
