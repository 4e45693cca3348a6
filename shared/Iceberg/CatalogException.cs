namespace Frazil.Iceberg;

/// <summary>
/// The ways a catalog request fails, each with the HTTP status and the type string that the Iceberg REST specification gives it.
/// Clients choose their own exception by the type string and decide on retries by the status, so both are part of the contract.
/// </summary>
public enum ErrorKind
{
    /// <summary>400 <c>BadRequestException</c>: the request cannot be understood.</summary>
    BadRequest,

    /// <summary>400 <c>IllegalArgumentException</c>: understood, but an argument is refused. Java clients raise their own IllegalArgumentException for it.</summary>
    IllegalArgument,

    /// <summary>400 <c>ValidationException</c>: the change would make the metadata invalid.</summary>
    Validation,

    /// <summary>401 <c>NotAuthorizedException</c>: no valid credentials.</summary>
    NotAuthorized,

    /// <summary>403 <c>ForbiddenException</c>: known, but not allowed.</summary>
    Forbidden,

    /// <summary>404 <c>NotFoundException</c>: a file that metadata names is not there.</summary>
    NotFound,

    /// <summary>404 <c>NoSuchNamespaceException</c>.</summary>
    NoSuchNamespace,

    /// <summary>404 <c>NoSuchTableException</c>.</summary>
    NoSuchTable,

    /// <summary>404 <c>NoSuchViewException</c>.</summary>
    NoSuchView,

    /// <summary>404 <c>NoSuchTaskException</c>: no task of this id.</summary>
    NoSuchTask,

    /// <summary>404 <c>NoSuchFunctionException</c>.</summary>
    NoSuchFunction,

    /// <summary>404 <c>NoSuchWarehouseException</c>: no catalog of the requested warehouse's name.</summary>
    NoSuchWarehouse,

    /// <summary>404 <c>NoSuchEndpointException</c>: no route of this path.</summary>
    NoSuchEndpoint,

    /// <summary>405 <c>MethodNotAllowedException</c>: the path exists, the method does not.</summary>
    MethodNotAllowed,

    /// <summary>406 <c>UnsupportedOperationException</c>: an operation this server does not offer.</summary>
    UnsupportedOperation,

    /// <summary>409 <c>AlreadyExistsException</c>.</summary>
    AlreadyExists,

    /// <summary>409 <c>NamespaceNotEmptyException</c>.</summary>
    NamespaceNotEmpty,

    /// <summary>409 <c>ProtectedException</c>: the namespace, table or view is protected from being dropped; say <c>force=true</c> or take the protection away.</summary>
    Protected,

    /// <summary>409 <c>CommitFailedException</c>: certainly not applied; the client may refresh and try again.</summary>
    CommitFailed,

    /// <summary>413 <c>RequestEntityTooLargeException</c>: the body is larger than the server's limit.</summary>
    PayloadTooLarge,

    /// <summary>413 <c>ResponseTooLargeException</c>: nothing was changed, and the answer is larger than this server's host can carry.</summary>
    ResponseTooLarge,

    /// <summary>422 <c>UnprocessableEntityException</c>: well formed, but contradicts itself or an earlier request.</summary>
    Unprocessable,

    /// <summary>500 <c>InternalServerError</c>.</summary>
    Internal,

    /// <summary>500 <c>CommitStateUnknownException</c>: nobody can tell whether the commit happened; clients must keep their files.</summary>
    CommitStateUnknown,

    /// <summary>503 <c>SlowDownException</c>: throttled, and nothing was applied; sent with <c>Retry-After</c>.</summary>
    SlowDown,

    /// <summary>503 <c>ServiceUnavailableException</c>: the store or the storage cannot be used, and nothing was applied; sent with <c>Retry-After</c>.</summary>
    Unavailable,
}

/// <summary>The one exception of the catalog: a failure the client is told about, in the specification's terms.</summary>
/// <param name="kind">What went wrong.</param>
/// <param name="message">A sentence for the client. Must not hold secrets.</param>
/// <param name="inner">What caused it, for the log only.</param>
public sealed class CatalogException(ErrorKind kind, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>What went wrong.</summary>
    public ErrorKind Kind { get; } = kind;

    /// <summary>The HTTP status, which is also <c>error.code</c> in the body.</summary>
    public int Code => CodeOf(Kind);

    /// <summary>The specification's type string, <c>error.type</c> in the body.</summary>
    public string Type => TypeOf(Kind);

    /// <summary>The HTTP status of a kind of failure.</summary>
    public static int CodeOf(ErrorKind kind) => kind switch
    {
        ErrorKind.BadRequest or ErrorKind.IllegalArgument or ErrorKind.Validation => 400,
        ErrorKind.NotAuthorized => 401,
        ErrorKind.Forbidden => 403,
        ErrorKind.NotFound or ErrorKind.NoSuchNamespace or ErrorKind.NoSuchTable or ErrorKind.NoSuchView or ErrorKind.NoSuchFunction or ErrorKind.NoSuchTask
            or ErrorKind.NoSuchWarehouse or ErrorKind.NoSuchEndpoint => 404,
        ErrorKind.MethodNotAllowed => 405,
        ErrorKind.UnsupportedOperation => 406,
        ErrorKind.AlreadyExists or ErrorKind.NamespaceNotEmpty or ErrorKind.Protected or ErrorKind.CommitFailed => 409,
        ErrorKind.PayloadTooLarge or ErrorKind.ResponseTooLarge => 413,
        ErrorKind.Unprocessable => 422,
        ErrorKind.Internal or ErrorKind.CommitStateUnknown => 500,
        ErrorKind.SlowDown or ErrorKind.Unavailable => 503,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "no such kind of error"),
    };

    /// <summary>The type string of a kind of failure.</summary>
    public static string TypeOf(ErrorKind kind) => kind switch
    {
        ErrorKind.BadRequest => "BadRequestException",
        ErrorKind.IllegalArgument => "IllegalArgumentException",
        ErrorKind.Validation => "ValidationException",
        ErrorKind.NotAuthorized => "NotAuthorizedException",
        ErrorKind.Forbidden => "ForbiddenException",
        ErrorKind.NotFound => "NotFoundException",
        ErrorKind.NoSuchNamespace => "NoSuchNamespaceException",
        ErrorKind.NoSuchTable => "NoSuchTableException",
        ErrorKind.NoSuchView => "NoSuchViewException",
        ErrorKind.NoSuchTask => "NoSuchTaskException",
        ErrorKind.NoSuchFunction => "NoSuchFunctionException",
        ErrorKind.NoSuchWarehouse => "NoSuchWarehouseException",
        ErrorKind.NoSuchEndpoint => "NoSuchEndpointException",
        ErrorKind.MethodNotAllowed => "MethodNotAllowedException",
        ErrorKind.UnsupportedOperation => "UnsupportedOperationException",
        ErrorKind.AlreadyExists => "AlreadyExistsException",
        ErrorKind.NamespaceNotEmpty => "NamespaceNotEmptyException",
        ErrorKind.Protected => "ProtectedException",
        ErrorKind.CommitFailed => "CommitFailedException",
        ErrorKind.PayloadTooLarge => "RequestEntityTooLargeException",
        ErrorKind.ResponseTooLarge => "ResponseTooLargeException",
        ErrorKind.Unprocessable => "UnprocessableEntityException",
        ErrorKind.Internal => "InternalServerError",
        ErrorKind.CommitStateUnknown => "CommitStateUnknownException",
        ErrorKind.SlowDown => "SlowDownException",
        ErrorKind.Unavailable => "ServiceUnavailableException",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "no such kind of error"),
    };

    /// <summary>400: the request cannot be understood.</summary>
    public static CatalogException BadRequest(string message) => new(ErrorKind.BadRequest, message);

    /// <summary>400: the change would make the metadata invalid.</summary>
    public static CatalogException Validation(string message) => new(ErrorKind.Validation, message);

    /// <summary>409: certainly not applied.</summary>
    public static CatalogException CommitFailed(string message) => new(ErrorKind.CommitFailed, message);
}
