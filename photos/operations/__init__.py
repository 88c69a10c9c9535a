"""Operations: one typed function a use case, without Click, printing or HTTP."""
