// Certificates for the TLS tests: one authority, what it signed, and one that signed itself. Valid for a hundred years, for
// localhost and 127.0.0.1 only; the keys protect nothing.

enum Certificates {
    static let authority = """
        -----BEGIN CERTIFICATE-----
        MIIBnDCCAUGgAwIBAgIUEPhFDu/YHbvcn8ha8gaL3+FOZD0wCgYIKoZIzj0EAwIw
        IjEgMB4GA1UEAwwXVG9vbGdhdGUgdGVzdCBhdXRob3JpdHkwIBcNMjYxMTIxMTI1
        MDEwWhgPMjEyNjEwMjgxMjUwMTBaMCIxIDAeBgNVBAMMF1Rvb2xnYXRlIHRlc3Qg
        YXV0aG9yaXR5MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEdMPD8k2C4/PnXgVT
        yKVFcHvBYdiH3pK71lobRxU+rnE3xPk41o0zP092g35GtMW3t+s0pArmGZcq5uIE
        HUT2CKNTMFEwHQYDVR0OBBYEFFwreeYxmm7XJ0zvrWetDxBaBpcDMB8GA1UdIwQY
        MBaAFFwreeYxmm7XJ0zvrWetDxBaBpcDMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZI
        zj0EAwIDSQAwRgIhAJ+tMMOZJqjxkAh3Z3Bq+QTVV6I+XUj5ki1uBoGPC6pFAiEA
        pESO3qSOx/x6TrXv+MRcMysuuLXEbKH9OGOhspB9j6c=
        -----END CERTIFICATE-----
        """

    static let good = """
        -----BEGIN CERTIFICATE-----
        MIIBnTCCAUSgAwIBAgIUc5nHPsOWXOiHeD/WfbUo6rB3JcUwCgYIKoZIzj0EAwIw
        IjEgMB4GA1UEAwwXVG9vbGdhdGUgdGVzdCBhdXRob3JpdHkwIBcNMjYxMTIxMTI1
        MDExWhgPMjEyNjEwMjgxMjUwMTFaMA8xDTALBgNVBAMMBGdvb2QwWTATBgcqhkjO
        PQIBBggqhkjOPQMBBwNCAATIB+/7v3KENmdxrz+zmWgB9B8LoeFJ+EcYwVpQnLTS
        UO0za7WhWEbLVweRhEjj6Y8mV+NWDg6CYvNU6sxl7Ix6o2kwZzAaBgNVHREEEzAR
        gglsb2NhbGhvc3SHBH8AAAEwCQYDVR0TBAIwADAdBgNVHQ4EFgQUR2RfGcM4wPX9
        uY4IFxZWCtz1zT4wHwYDVR0jBBgwFoAUXCt55jGabtcnTO+tZ60PEFoGlwMwCgYI
        KoZIzj0EAwIDRwAwRAIgHnb0Y8H/5eJk/7EmD8tpPgDqrjUGCmvJts38S/5SdIQC
        IDrBPO1DsxOI2KaBaZIRhmv+6SGNP5tcNIawtd89dbv5
        -----END CERTIFICATE-----
        """

    static let goodKey = """
        -----BEGIN EC PRIVATE KEY-----
        MHcCAQEEIO2IOIPUOVlqvVdB0pz7zLYBGAo7vvwKYvdJnXOh8qGHoAoGCCqGSM49
        AwEHoUQDQgAEyAfv+79yhDZnca8/s5loAfQfC6HhSfhHGMFaUJy00lDtM2u1oVhG
        y1cHkYRI4+mPJlfjVg4OgmLzVOrMZeyMeg==
        -----END EC PRIVATE KEY-----
        """

    static let other = """
        -----BEGIN CERTIFICATE-----
        MIIBnTCCAUOgAwIBAgIUc5nHPsOWXOiHeD/WfbUo6rB3JcYwCgYIKoZIzj0EAwIw
        IjEgMB4GA1UEAwwXVG9vbGdhdGUgdGVzdCBhdXRob3JpdHkwIBcNMjYxMTIxMTI1
        MDExWhgPMjEyNjEwMjgxMjUwMTFaMBAxDjAMBgNVBAMMBW90aGVyMFkwEwYHKoZI
        zj0CAQYIKoZIzj0DAQcDQgAEqJj2cZ3X2eDGNZFRBMzS8t6uM1iDe8Df/IGpeMk3
        /MnHUucGSrljhWyATGylpSm5rJC4e1bydx6V5dQG+SQZXKNnMGUwGAYDVR0RBBEw
        D4INb3RoZXIuZXhhbXBsZTAJBgNVHRMEAjAAMB0GA1UdDgQWBBSg8mXjNNASAyag
        dlFNAUSOJ4CzATAfBgNVHSMEGDAWgBRcK3nmMZpu1ydM761nrQ8QWgaXAzAKBggq
        hkjOPQQDAgNIADBFAiEAyTeUIx49fcQSqiqtg6iUpeGt25C8Ii8A4zL0vAA9x64C
        ID685id+TvRww2QsK3chsBYDMki3cO226wcQOmY29Pd2
        -----END CERTIFICATE-----
        """

    static let otherKey = """
        -----BEGIN EC PRIVATE KEY-----
        MHcCAQEEIM86Aii0NJVdRq3NtYHu/eYvIyhOs3TTVYwTfiaaPLo9oAoGCCqGSM49
        AwEHoUQDQgAEqJj2cZ3X2eDGNZFRBMzS8t6uM1iDe8Df/IGpeMk3/MnHUucGSrlj
        hWyATGylpSm5rJC4e1bydx6V5dQG+SQZXA==
        -----END EC PRIVATE KEY-----
        """

    static let selfSigned = """
        -----BEGIN CERTIFICATE-----
        MIIBmjCCAUGgAwIBAgIUNKd0cAAS67T/yVdNXErTGuqphBAwCgYIKoZIzj0EAwIw
        FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMTEyNTAxMVoYDzIxMjYxMDI4
        MTI1MDExWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
        PQMBBwNCAASZ5RJV/xOh0YqvsdfXpgIsPJbxe7i4t8+DNwJOMU7EBX5P3PtOCM2P
        CuVwnmxUSIczQPQaLlzLxr9vgXAT1Dhoo28wbTAdBgNVHQ4EFgQUi68lwyvHty4r
        bpUy53DqN/a+NpMwHwYDVR0jBBgwFoAUi68lwyvHty4rbpUy53DqN/a+NpMwDwYD
        VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
        zj0EAwIDRwAwRAIgImi3OcWNC6uFwgWrkf7vwnqfSCi0LjUaqAQZruYxYZkCIG/j
        X+kSDSX4Tcm0xrFEi3cxePYG4g8x7h6X8pqQXjDT
        -----END CERTIFICATE-----
        """

    static let selfSignedKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgVnlqkBZKsI7JV9S9
        bd94xPPv1+C1KixCXnk/UThn8AShRANCAASZ5RJV/xOh0YqvsdfXpgIsPJbxe7i4
        t8+DNwJOMU7EBX5P3PtOCM2PCuVwnmxUSIczQPQaLlzLxr9vgXAT1Dho
        -----END PRIVATE KEY-----
        """

    static let expired = """
        -----BEGIN CERTIFICATE-----
        MIIBnDCCAUKgAwIBAgIUc5nHPsOWXOiHeD/WfbUo6rB3JccwCgYIKoZIzj0EAwIw
        IjEgMB4GA1UEAwwXVG9vbGdhdGUgdGVzdCBhdXRob3JpdHkwHhcNMjYxMTIxMTI1
        MDExWhcNMjYxMTIwMTI1MDExWjAPMQ0wCwYDVQQDDARnb29kMFkwEwYHKoZIzj0C
        AQYIKoZIzj0DAQcDQgAEyAfv+79yhDZnca8/s5loAfQfC6HhSfhHGMFaUJy00lDt
        M2u1oVhGy1cHkYRI4+mPJlfjVg4OgmLzVOrMZeyMeqNpMGcwGgYDVR0RBBMwEYIJ
        bG9jYWxob3N0hwR/AAABMAkGA1UdEwQCMAAwHQYDVR0OBBYEFEdkXxnDOMD1/bmO
        CBcWVgrc9c0+MB8GA1UdIwQYMBaAFFwreeYxmm7XJ0zvrWetDxBaBpcDMAoGCCqG
        SM49BAMCA0gAMEUCIQDZptAHMVV7IDQrVtYPsE2uBK1OukKq4edUypUYPFlX3wIg
        Xcm+7pHLk05ENM+u9o6/h9Tp9BdhGXlzOHE7Zjftu4Y=
        -----END CERTIFICATE-----
        """
}
