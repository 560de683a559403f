using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;
using Workflows.Data.Identity;

namespace Workflows.Api.Terms;

/// <summary>Which versions of terms a caller sees.</summary>
internal static class TermsSight
{
    /// <summary>Those of the tenant and of the platform that are valid or were; those to come for who manages
    /// them.</summary>
    public static IQueryable<TermsVersion> VisibleTerms(this ApiRequest request)
    {
        var own = request.Caller.TenantId;
        var manages = request.Caller.May(Permission.TermsManage);
        return request.Db.TermsVersions.IgnoreQueryFilters().AsNoTracking().Where(row =>
            (row.TenantId == own || row.TenantId == PlatformTenant.Id)
            && (row.ValidFrom <= request.Now || (manages && row.TenantId == own)));
    }

    public static IQueryable<TermsVersion> OwnTerms(this ApiRequest request, Guid termsId) =>
        request.Db.TermsVersions.AsNoTracking().Where(row => row.Id == termsId);
}
